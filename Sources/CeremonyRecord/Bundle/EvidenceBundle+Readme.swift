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

        (and --rehearsal, if it was one) checks everything. By hand, with stock tools, from this
        folder; T is a folder outside of it, because a file that the log does not give is refused:

            T=$(mktemp -d)

        1. The founding document is yours, and it names the founders' keys:

            sha256sum genesis/genesis.txt
            sed -n 's/^key: \([^ ]*\) [^ ]* /\1 /p' genesis/genesis.txt > $T/signers

        2. The events are written in the one canonical way, and each holds the hash of the one
           before it:

            jq -cS . log/events.jsonl | cmp - log/events.jsonl
            p=$(printf '%064d' 0); n=0
            while IFS= read -r e; do
              [ "$(printf '%s' "$e" | jq -r .prev)" = $p ] || echo "event $n does not follow"
              p=$( (printf '\000'; printf '%s' "$e") | sha256sum | cut -c1-64); n=$((n+1))
            done < log/events.jsonl; echo "$n events"

        3. The log key of the founding document signed the head. Its second line is the number of
           events, its third the root of their tree (RFC 6962):

            sed -n 's/^log-key: \([^ ]*\) .*/\1/p' genesis/genesis.txt | head -n 1 |
              cut -d+ -f3- | base64 -d | tail -c +2 > $T/key
            (printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cat $T/key) |
              openssl pkey -pubin -inform DER -out $T/log.pem
            head -n 3 log/checkpoint > $T/text
            tail -n 1 log/checkpoint | cut -d' ' -f3 | base64 -d | tail -c +5 > $T/sig
            openssl pkeyutl -verify -pubin -inkey $T/log.pem -rawin -in $T/text -sigfile $T/sig

        4. The statement of a ceremony is the one in the log, and its initiator opened it and its
           witnesses approved it:

            for d in ceremonies/*/; do c=$(basename $d)
              jq -r --arg c $c 'select(.type=="ceremony.opened" and
                .body.ceremony==$c).body.document[]' log/events.jsonl | cmp - $d/statement.txt
              for s in $d/statement.txt.*.sig; do
                w=${s##*statement.txt.}; w=${w%.sig}; n=ceremonyd-approve-v1
                [ $w = initiator ] && n=ceremonyd-open-v1 &&
                  w=$(sed -n 's/^initiator: \([^ ]*\) .*/\1/p' $d/statement.txt)
                ssh-keygen -Y verify -f $T/signers -I ${w%+*} -n $n -s $s < $d/statement.txt
              done
            done

        5. The key that came out signed its own record, and the witnesses attested it:

            for d in ceremonies/*/; do [ -f $d/key-record.txt ] || continue
              echo "new-key $(cat $d/key.pub)" > $T/new
              for s in $d/key-record.txt.*.sig; do
                w=${s##*key-record.txt.}; w=${w%.sig}; n=ceremonyd-attest-v1; f=$T/signers
                [ $w = new-key ] && n=ceremonyd-key-v1 && f=$T/new
                ssh-keygen -Y verify -f $f -I ${w%+*} -n $n -s $s < $d/key-record.txt
              done
            done

        Orders of people (execute, cancel, decline, halt, note) are under acts/ in the same way,
        namespace ceremonyd-act-v1. key.pem is the new public key for openssl, key.pub for ssh.
        completed.tlog-proof (C2SP) proves completed.json to be in the log without the rest of it.

        predecessor/, where there is one, holds the log that this one goes on from: its events and
        its last signed head. `grep ^continues: genesis/genesis.txt` names its origin, its size and
        its root. Steps 2 to 5 hold for it in the same way; its founding document is in its first
        event: head -n 1 predecessor/log/events.jsonl | jq -r '.body.genesis[]'

        SHA256SUMS tells damage on the way and nothing about honesty. trust-copies/ are copies for
        comparison: take keys from the founding document that you checked, never from there.
        People who joined later are in roster/, with the documents by which they were taken in.

        """#
    }
}
