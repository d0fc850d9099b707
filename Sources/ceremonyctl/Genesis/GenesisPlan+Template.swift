// The template that `genesis plan` prints. It is read back by the same reader: what stands behind
// `#` explains, the rest is an example that has to be replaced line by line.

extension GenesisPlan {
    /// A commented plan of a rehearsal with four founders.
    static let template = """
        # The plan of a ceremonyd log. Lines are `name: value`; `#` begins a comment line.
        # Fill it in, let every founder read it, then run: ceremonyctl genesis draft PLAN -o FILE

        # The name of the log for ever: lower-case letters, digits, and . / -
        # A rehearsal's ends in /rehearsal, a production's does not.
        origin: example.org/ceremony/rehearsal
        mode: rehearsal

        # The log that this one succeeds: its origin, size and root; or none.
        continues: none

        # The key that signs the log's head, as `ceremonyd log-key` printed it: vkey, then the URI
        # of its token in full. A second line names a standby key in another token.
        log-key: VKEY pkcs11:token=house;manufacturer=MAKER;model=MODEL;serial=SERIAL

        # One line for each founder: name, kind, roles, the name to show.
        #   kinds: keeper (a custodian of the house), external (from outside), system (a machine)
        #   roles: operator, witness, auditor, joined by commas; or none
        # Below it one line for each of their keys: name, serial of the token that holds it (or
        # none), and the line that `ceremonyctl identity show` or `cat id_ed25519_sk.pub` prints.
        # The first key names the person's signature file, so put the one in daily use first.
        # Whoever starts a ceremony does not count as its witness.
        member: alice keeper witness Alice Adams
        key: alice SERIAL ssh-ed25519 BASE64
        member: bob keeper witness Bob Brown
        key: bob SERIAL ssh-ed25519 BASE64
        member: carol external witness Carol Clark
        key: carol SERIAL ssh-ed25519 BASE64
        member: dave keeper operator Dave Dunn
        key: dave SERIAL ssh-ed25519 BASE64

        # Departures from the default policy, one a line; the document shows all that results.
        # Unless they are given too, the fewest people and the attestations follow a threshold.
        #policy: kinds.new-keeper-key.threshold 2
        #policy: kinds.new-keeper-key.lifetime 7200
        #policy: overlap-days 14
        #policy: rotation-days.keeper 180
        #policy: concurrency one
        # Makers of software tokens that a production takes all the same; a rehearsal takes any.
        #policy: software-tokens MAKER
        """
}
