// What an evidence folder says about itself: how to check it with tools that we did not write. A
// reader believes what it says, so that it follows from the log like every other file.

extension EvidenceBundle {
    /// `README.txt`: the same words in every bundle but for the log's name and mode.
    static func readme(of genesis: Genesis) -> String {
        #"""
        This folder is the evidence of the ceremonyd log
        \#(genesis.log) (\#(genesis.mode.rawValue)):
        every event, every signed document, every signature, and the head that the log key signed.
        This file follows from the log as the others do: verify compares it, and refuses another.

        What you bring yourself: the SHA-256 of the founding document (genesis/genesis.txt),
        from somebody whom you trust and not from this folder. With it:

            ceremonyctl verify . --genesis sha256:...

        (and --rehearsal, if it was one) checks everything. By hand, with stock tools (bash, jq,
        openssl, xxd, OpenSSH), paste what follows into bash, in this folder and in this order. T is
        a folder outside of it, because a file that the log does not give is refused:

            T=$(mktemp -d)

        1. The founding document is yours, and it names the founders' keys and the log key:

            sha256sum genesis/genesis.txt
            sed -n 's/^key: \([^ ]*\) [^ ]* /\1 /p' genesis/genesis.txt | sort > $T/founders
            founding=$(sed -n 's/^log-key: \([^ ]*\) .*/\1/p' genesis/genesis.txt | tr '\n' ' ')

        2. The events are written in the one canonical way, each holds the hash of the one before
           it, and they begin with the founding document and its people:

            jq -cS . log/events.jsonl | cmp - log/events.jsonl
            p=$(printf '%064d' 0); n=0
            while IFS= read -r e; do
              [ "$(printf '%s' "$e" | jq -r .prev)" = $p ] || echo "event $n does NOT follow" >&2
              p=$( (printf '\000'; printf '%s' "$e") | sha256sum | cut -c1-64); n=$((n+1)); echo $p
            done < log/events.jsonl > $T/level; echo "$n events"
            jq -r 'select(.seq==0).body.genesis[]' log/events.jsonl | cmp - genesis/genesis.txt
            jq -r 'select(.seq==1).body.members[] | .name as $n | .keys[] | "\($n) \(.line)"' \
              log/events.jsonl | sort | cmp - $T/founders

        3. The head is that of these events: its second line is their number, its third the root of
           their tree (RFC 6962). Each log key that has to has signed it: that of the founding
           document (where it names two, one of them), and those that ceremonies named afterwards.
           For a time the key before and the new one both sign, then the new one alone:

            sed -n 2p log/checkpoint | cmp - <(wc -l < $T/level)
            while [ $(wc -l < $T/level) -gt 1 ]; do
              while read -r a; do
                if read -r b
                then printf '01%s%s' $a $b | xxd -r -p | sha256sum | cut -c1-64
                else echo $a
                fi
              done < $T/level > $T/next; mv $T/next $T/level
            done
            sed -n 3p log/checkpoint | base64 -d | xxd -p -c 64 | cmp - $T/level
            jq -rs --arg founding "$founding" '
              def said($d; $n): $d[] | select(startswith($n + ": ")) | ltrimstr($n + ": ");
              reduce .[] as $e ({t: "", d: {}, c: []};
                if $e.type == "ceremony.opened" then .d[$e.body.ceremony] = $e.body.document
                elif $e.type == "log.rekeyed" then .d[$e.body.ceremony] as $d
                  | .c += [{k: said($d; "new-log-key"), from: $e.time, to: said($d; "both-until")}]
                elif $e.type == "clock.corrected" then .t as $t | .c |= map(
                  ([.from, $e.time] | min) as $from | .to = (
                    if $t >= .to then [.to, $e.time] | min
                    else ($from | fromdate) + (.to | fromdate) - (.from | fromdate) | todate end)
                  | .from = $from)
                else . end | .t = $e.time)
              | .t as $t | reduce .c[] as $c ([$founding];
                  if $t >= $c.to then [$c.k] else . + [$c.k] end) | .[]
              ' log/events.jsonl > $T/logkeys
            head -n 3 log/checkpoint > $T/text
            while read -r keys; do by=
              for k in $keys; do
                (printf '\060\052\060\005\006\003\053\145\160\003\041\000'
                  echo $k | cut -d+ -f3- | base64 -d | tail -c +2) |
                  openssl pkey -pubin -inform DER -out $T/log.pem
                for s in $(tail -n +5 log/checkpoint | cut -d' ' -f3); do
                  echo $s | base64 -d | tail -c +5 > $T/sig
                  openssl pkeyutl -verify -pubin -inkey $T/log.pem -rawin -in $T/text \
                    -sigfile $T/sig > $T/said 2>&1 && by=$k
                done
              done
              [ -n "$by" ] && echo "Head signed by $by" || echo "Head NOT signed by $keys" >&2
            done < $T/logkeys

        4. The statement of a ceremony is the one in the log. Its initiator opened it and its
           witnesses approved it, with keys that were on the roster then. At least as many as its
           line threshold: says must have approved what was carried out:

            for d in ceremonies/*; do [ -d $d ] || continue; c=$(basename $d)
              jq -r --arg c $c 'select(.type=="ceremony.opened" and
                .body.ceremony==$c).body.document[]' log/events.jsonl | cmp - $d/statement.txt
              jq -rs --arg c $c '
                (.[] | select(.type=="ceremony.opened" and .body.ceremony==$c).seq) as $o
                | [.[] | select(.type=="roster.set" and .seq < $o)] | last | .body.members[]
                | .name as $n | .keys[] | "\($n) \(.line)"' log/events.jsonl > $T/signers.$c
              for s in $d/statement.txt.*.sig; do
                w=${s##*statement.txt.}; w=${w%.sig}; n=ceremonyd-approve-v1
                [ $w = initiator ] && n=ceremonyd-open-v1 &&
                  w=$(sed -n 's/^initiator: \([^ ]*\) .*/\1/p' $d/statement.txt)
                ssh-keygen -Y verify -f $T/signers.$c -I ${w%+*} -n $n -s $s < $d/statement.txt
              done
            done

           People and rules changed only as such a statement says (no output: so it is):

            jq -rs '
              ([.[] | select(.type=="ceremony.opened") | {(.body.ceremony): (.body.document[]
                | select(startswith("change: ")) | ltrimstr("change: ") | fromjson)}] | add) as $said
              | reduce (.[] | select(.type=="roster.set")) as $e ({};
                  (if $e.seq == 1 then .r = $e.body else . end)
                  | ($said[$e.body.ceremony // "none"] // {}) as $new | (.r + $new) as $r
                  | if $r.members == $e.body.members and $r.policy == $e.body.policy
                      and $new.holders == $e.body.holders or $e.seq == 1 then .
                    else .bad += ["event \($e.seq): NOT what its statement says"] end
                  | .r = $e.body)
              | .bad // [] | .[]' log/events.jsonl

        5. The key that came out signed its own record, the old key signed for its successor, and
           the witnesses attested the record:

            cat log/events.jsonl $(find . -path '*predecessor/log/events.jsonl') |
              jq -r 'select(.type=="ceremony.completed").body.outcome.record[]?' |
              sed -n 's/^public-key: //p' > $T/keys
            for d in ceremonies/*; do [ -f $d/key-record.txt ] || continue; c=$(basename $d)
              echo "new-key $(cat $d/key.pub)" > $T/made
              old=$(sed -n 's/^old-key: \([^ ]*\).*/\1/p' $d/key-record.txt)
              while read -r k; do
                [ "$(echo "$k" | ssh-keygen -lf - | cut -d' ' -f2)" = $old ] || continue
                echo "old-key $k" >> $T/made
              done < $T/keys
              for s in $d/key-record.txt.*.sig; do
                w=${s##*key-record.txt.}; w=${w%.sig}; n=ceremonyd-attest-v1; f=$T/signers.$c
                case $w in new-key|old-key) n=ceremonyd-key-v1; f=$T/made;; esac
                ssh-keygen -Y verify -f $f -I ${w%+*} -n $n -s $s < $d/key-record.txt
              done
            done

        6. Whoever was asked for their part accepted it, with the key that the statement names, and
           with the new one where they brought one:

            for f in ceremonies/*/acceptance.*.txt; do [ -f $f ] || continue; a=$(basename $f .txt)
              k=$(sed -n 's/^participant: [^ ]* //p' $f)
              grep -F " $k" $(dirname $f)/statement.txt > $T/said || echo "$a: NOT asked" >&2
              ssh-keygen -Y check-novalidate -n ceremonyd-accept-v1 -s $f.sig < $f > $T/said &&
                grep -F "key $k" $T/said > $T/by || echo "$a: NOT by whom it names" >&2
              [ -f $f.possession.sig ] || continue
              sed -n 's/^new-key: /new /p' $f > $T/new
              ssh-keygen -Y verify -f $T/new -I new -n ceremonyd-possession-v1 \
                -s $f.possession.sig < $f > $T/said || echo "$a: NOT with the new key" >&2
            done

           An authority's epoch is the document of its completion. Each key that came with it has
           signed it; whoever was silent is named. No epoch comes but by such a completion:

            for d in ceremonies/*; do [ -f $d/completed.json ] || continue
              jq -r '.body.outcome.document[]?' $d/completed.json > $T/epoch
              [ -s $T/epoch ] || continue; sed -n 's/^authority: //p; s/^epoch: /epoch /p' $T/epoch
              sed -n 's/^member: //p' $T/epoch > $T/members
              jq -r '.body.outcome.signatures[] | "\(.name) \(.sshsig)"' $d/completed.json > $T/parts
              while read -r m s; do
                (echo "-----BEGIN SSH SIGNATURE-----"; echo $s | fold -w 70
                  echo "-----END SSH SIGNATURE-----") > $T/sig
                ssh-keygen -Y verify -f $T/members -I $m -n ceremonyd-member-v1 -s $T/sig < $T/epoch
              done < $T/parts
              jq -r '.body.outcome.unreachable[] | "\(.) was silent"' $d/completed.json
            done

           What an authority has signed: ceremonyctl authority verify NAME FILE --evidence .

        Orders of people (execute, cancel, decline, halt, note) are under acts/ in the same way,
        namespace ceremonyd-act-v1. key.pem is the new public key for openssl, key.pub for ssh.
        completed.tlog-proof (C2SP) proves completed.json to be in the log without the rest of it.

        predecessor/, where there is one, holds the log that this one goes on from: its events and
        its last signed head. `grep ^continues: genesis/genesis.txt` names its origin, its size and
        its root. Steps 1 to 3 hold for what that head covers, in a copy, where its founding
        document is taken out of its first event. What people signed stands in its events alone;
        ceremonyctl verify checks that too. The copy, in which you then take T=$(mktemp -d) anew:

            if [ -d predecessor ]; then
              cp -r predecessor $T/before; mkdir $T/before/genesis
              head -n $(sed -n 2p predecessor/log/checkpoint) predecessor/log/events.jsonl \
                > $T/before/log/events.jsonl
              head -n 1 $T/before/log/events.jsonl | jq -r '.body.genesis[]' \
                > $T/before/genesis/genesis.txt
              cd $T/before
            fi

        SHA256SUMS tells damage on the way and nothing about honesty. trust-copies/ are copies for
        comparison: take keys from the founding document that you checked, never from there.
        People who joined later are in roster/, with the documents by which they were taken in.

        """#
    }
}
