// Ceremonies up to where a test begins: opened, approved, executed, each by the documents that
// people sign and nothing else.

import CeremonyEngine
import CeremonyRecord
import CeremonyRules
import TestSupport

extension Workshop {
    /// Dave opens a ceremony into the house token.
    func opened(
        _ engine: Engine, subject: String = "keeper-alpha", token: TokenReference? = nil
    ) async throws -> Statement {
        let token = token ?? self.token
        let (statement, signed) = try people(of: engine) { house in
            let statement = try house.statement(subject: subject, token: token)
            return (statement, house.opening(statement))
        }
        try await engine.submit(signed)
        return statement
    }

    /// The same, approved by alice, bob and carol.
    func approved(
        _ engine: Engine, subject: String = "keeper-alpha", token: TokenReference? = nil
    ) async throws -> Statement {
        let statement = try await opened(engine, subject: subject, token: token)
        for name in ["alice", "bob", "carol"] {
            try await engine.submit(
                people(of: engine) { $0.approval(by: name, of: statement) })
        }
        return statement
    }

    /// An order to execute, by dave the operator unless somebody else is named.
    func order(
        _ engine: Engine, _ id: String, by name: String = "dave", as role: ActRole = .operator
    ) throws -> Signed {
        try people(of: engine) { $0.signed(try $0.act(.execute, by: name, as: role, on: id)) }
    }

    /// An act, signed.
    func act(
        _ name: ActName, by actor: String, as role: ActRole, on id: String? = nil, _ engine: Engine
    ) throws -> Signed {
        try people(of: engine) { $0.signed(try $0.act(name, by: actor, as: role, on: id)) }
    }

    /// What is on a token besides the log key and the head, as another process sees it.
    func objects(on label: String = "house") async throws -> [InventoryItem] {
        let vault = try freshVault(label)
        try await vault.unlock(pin: try Workshop.pin(), allowFinalTry: false)
        let items = try await stillInventory(of: vault).filter {
            ![CeremonyEngine.Founding.keyLabel, HeadObject.label].map { Array($0.utf8) }
                .contains($0.label)
        }
        await vault.lock()
        return items
    }

    /// What is on a token while another process may be replacing the head there: an object that
    /// goes between being found and being read makes it look again.
    func stillInventory(of vault: some KeyVault) async throws -> [InventoryItem] {
        while true {
            let read: Result<[InventoryItem], VaultError>
            do throws(VaultError) {
                read = .success(try await vault.inventory())
            } catch {
                read = .failure(error)
            }
            if case .failure(let error) = read,
                error.pkcs11?.code == "CKR_OBJECT_HANDLE_INVALID"
            {
                continue
            }
            return try read.get()
        }
    }

    /// A ceremony that has come out with a key.
    func completed(_ engine: Engine, subject: String = "keeper-alpha") async throws -> KeyRecord {
        let statement = try await approved(engine, subject: subject)
        try await engine.submit(try order(engine, statement.ceremony))
        guard let record = engine.state.ceremony(named: statement.ceremony)?.record else {
            throw Missing(what: "the key record of \(statement.ceremony)")
        }
        return record
    }
}

extension Workshop {
    /// Attestations by those people.
    func attest(_ engine: Engine, _ record: KeyRecord, by names: String...) async throws {
        for name in names {
            try await engine.submit(people(of: engine) { $0.attestation(by: name, of: record) })
        }
    }

    /// An opened ceremony that those people approve, dave executes, and they attest.
    func carriedOut(_ engine: Engine, _ statement: Statement, by names: String...) async throws
        -> KeyRecord
    {
        try await carriedOut(engine, statement, by: names)
    }

    /// A rotation, approved and attested by those people; a machine more approves where it may.
    func rotated(_ engine: Engine, _ subject: String, by names: String...) async throws -> KeyRecord
    {
        let (statement, signed) = try people(of: engine) { house in
            let statement = try house.statement("key-rotation", subject: subject, token: token)
            return (statement, house.opening(statement))
        }
        try await engine.submit(signed)
        if statement.threshold > names.count {
            try await engine.submit(people(of: engine) { $0.approval(by: "robot", of: statement) })
        }
        return try await carriedOut(engine, statement, by: names)
    }

    /// Somebody accepts their part with a key that they bring.
    func bring(_ seed: Int, of person: String, to statement: Statement, _ engine: Engine)
        async throws
    {
        let command = people(of: engine) { house in
            let (identity, key) = (house.person(person).keys[0], SoftwareKey(seed))
            let acceptance = house.bringing(key, to: statement, as: person, identity: identity)
            return house.handing(acceptance, identity: identity, possession: key)
        }
        guard case .submit(let document, let sshsig, let possession) = command else {
            throw Missing(what: "the document that hands in a key of \(person)")
        }
        _ = try await engine.submit(document: document, sshsig: sshsig, possession: possession)
    }

    private func carriedOut(_ engine: Engine, _ statement: Statement, by names: [String])
        async throws -> KeyRecord
    {
        for name in names {
            try await engine.submit(people(of: engine) { $0.approval(by: name, of: statement) })
        }
        try await engine.submit(try order(engine, statement.ceremony))
        guard let record = engine.state.ceremony(named: statement.ceremony)?.record else {
            throw Missing(what: "the key record of \(statement.ceremony)")
        }
        for name in names {
            try await engine.submit(people(of: engine) { $0.attestation(by: name, of: record) })
        }
        return record
    }
}

/// Something that a test expected to be there.
struct Missing: Error {
    let what: String
}
