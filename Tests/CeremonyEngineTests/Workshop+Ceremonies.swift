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

/// Something that a test expected to be there.
struct Missing: Error {
    let what: String
}
