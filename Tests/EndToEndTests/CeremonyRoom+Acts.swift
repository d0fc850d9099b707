// The way to where a test begins: ceremonies opened, approved, executed and attested by people with
// key files, through the client or straight over the socket.

import CeremonyRecord
import Testing

extension CeremonyRoom {
    /// dave starts a ceremony for a subject; gives back its identifier.
    @discardableResult
    func start(_ subject: String, _ options: String...) throws -> String {
        try dave.startsCeremony(subject, options)
    }

    /// The people approve a ceremony with their key files.
    func approve(_ id: String, by names: [String] = ["erin", "frank", "grace"]) throws {
        let document = try ceremony(id).field("document").list.map(\.text)
        for name in names { try person(name).hands(document, .approve) }
    }

    /// dave has an approved ceremony executed.
    func execute(_ id: String) throws {
        try dave.submits(try dave.draft("execute", id), .act)
    }

    /// The people attest a key record with their key files.
    func attest(_ id: String, by names: [String] = ["erin", "frank", "grace"]) throws {
        let record = try ceremony(id).field("record").list.map(\.text)
        for name in names { try person(name).hands(record, .attest) }
    }

    /// A whole ceremony.
    func complete(_ subject: String, _ options: String...) throws -> String {
        let id = try dave.startsCeremony(subject, options)
        try approve(id)
        try execute(id)
        try attest(id)
        return id
    }
}

extension Person {
    func startsCeremony(_ subject: String, _ options: [String]) throws -> String {
        let path = path("draft")
        try does(
            ["start", "new-keeper-key", subject, "--reason", "first key of \(subject)"]
                + (options.contains("--into") ? [] : ["--into", "house"]) + options
                + ["--as", name, "--draft", path])
        return try submits(path, .open).field("ceremony").text
    }

    /// Hands a document in over the socket, signed with the key file.
    @discardableResult
    func hands(_ document: [String], _ namespace: SignatureNamespace) throws -> JSON {
        let signature = try signature(try write(document), namespace)
        return try room.call(
            "Submit",
            ["document": .array(document.map { .string($0) }), "signature": .string(signature)])
    }
}
