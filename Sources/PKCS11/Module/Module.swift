// A PKCS#11 module in this process (PKCS#11 v2.40 section 5.4): loaded, initialised, asked, and
// finalised. `answer` is the one gate through which every C_ function of every file here goes.

import CPKCS11
import Synchronization

/// A PKCS#11 module: a vendor's shared library, loaded and initialised.
///
/// Loaded through p11-kit as an *unmanaged* module: no configuration file of the system can put
/// anything between this process and the vendor's code (p11-kit can be told to log PINs). One
/// `Module` per file and process: a second initialisation is answered with
/// CKR_CRYPTOKI_ALREADY_INITIALIZED, and that is an error here. Callable from any thread: the
/// module was told to lock (CKF_OS_LOCKING_OK).
///
/// `@unchecked Sendable`: the function list is written by nobody after `init`, everything that
/// changes is behind the mutex.
@safe public final class Module: @unchecked Sendable {
    /// The file as it was given.
    public let path: String

    private let functions: UnsafeMutablePointer<CK_FUNCTION_LIST>
    private let missing: Set<Function>
    private let state = Mutex(State())

    /// `changing` admits C_Initialize and C_Finalize and nothing else, `up` everything but them.
    private enum Phase { case down, changing, up }

    private struct State {
        var phase = Phase.down
        var runningCalls = 0
        var sessionsOpened: UInt64 = 0
        var openSessions = 0
        /// Counts the logouts of each slot: a logout takes the meaning from handles in all
        /// sessions.
        var logouts: [UInt: UInt64] = [:]
    }

    /// Loads the file and initialises the module. Blocks for as long as the vendor's code does.
    ///
    /// - Parameter path: The shared library. A relative name is looked up in p11-kit's directory.
    /// - Throws: ``PKCS11Error/notLoaded(path:reason:)`` with the loader's words,
    ///   ``PKCS11Error/functionsMissing(path:_:)``, or what C_Initialize answered.
    public init(path: String) throws(PKCS11Error) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .notLoaded(path: path, reason: "the path is empty or holds a zero byte")
        }
        guard let functions = unsafe p11_kit_module_load(path, Int32(P11_KIT_MODULE_UNMANAGED))
        else {
            let reason = unsafe p11_kit_message().map { unsafe String(cString: $0) }
            throw .notLoaded(path: path, reason: reason ?? "the loader gave no reason")
        }
        self.path = path
        unsafe self.functions = functions
        let list = unsafe functions.pointee
        self.missing = Set(Function.allCases.filter { !$0.isPresent(in: list) })
        let lacking = missing.intersection(Function.indispensable)
        guard lacking.isEmpty else {
            throw .functionsMissing(path: path, lacking.sorted { $0.rawValue < $1.rawValue })
        }
        state.withLock { $0.phase = .changing }
        do {
            try unsafe call(.initialize) { list in
                var arguments = unsafe CK_C_INITIALIZE_ARGS()
                unsafe arguments.flags = CK_FLAGS(CKF_OS_LOCKING_OK)
                return unsafe list.pointee.C_Initialize(&arguments)
            }
            state.withLock { $0.phase = .up }
        } catch {
            state.withLock { $0.phase = .down }
            throw error
        }
    }

    deinit {
        // Sessions keep their module alive, so none is open here, and no call is running.
        try? finalize()
        unsafe p11_kit_module_release(functions)
    }

    /// Shuts the module down (C_Finalize); every later call through it is refused.
    ///
    /// Some modules notice that a token came back only after this and a fresh ``init(path:)``.
    ///
    /// - Throws: ``PKCS11Error/moduleInUse(sessions:calls:)`` while sessions are open or calls run:
    ///   the standard leaves undefined what C_Finalize does to them. Or what C_Finalize answered;
    ///   the module is down all the same.
    public func finalize() throws(PKCS11Error) {
        try state.withLock { state throws(PKCS11Error) in
            guard state.phase == .up else { throw .finalized(path: path) }
            guard state.openSessions == 0, state.runningCalls == 0 else {
                throw .moduleInUse(sessions: state.openSessions, calls: state.runningCalls)
            }
            state.phase = .changing
        }
        defer { state.withLock { $0.phase = .down } }
        try unsafe call(.finalize) { unsafe $0.pointee.C_Finalize(nil) }
    }

    /// What the module says about itself (C_GetInfo).
    public func info() throws(PKCS11Error) -> ModuleInfo {
        var info = CK_INFO()
        try unsafe call(.getInfo) { unsafe $0.pointee.C_GetInfo(&info) }
        return ModuleInfo(info)
    }

    /// The slots, freshly asked (C_GetSlotList); some modules see a token come or go only then.
    ///
    /// - Parameter withToken: Only those that hold a token.
    public func slots(withToken: Bool = true) throws(PKCS11Error) -> [Slot] {
        let present = CK_BBOOL(withToken ? CK_TRUE : CK_FALSE)
        let identifiers = try unsafe list(.getSlotList) { functions, buffer, count in
            unsafe functions.pointee.C_GetSlotList(present, buffer, count)
        }
        return identifiers.map { Slot(module: self, id: $0) }
    }
}

// MARK: - The gate

extension Module {
    typealias Functions = UnsafeMutablePointer<CK_FUNCTION_LIST>

    /// Calls one function and gives back what it returned: the only way into the module.
    func answer(to function: Function, _ body: (Functions) -> CK_RV) throws(PKCS11Error)
        -> ReturnCode
    {
        guard !missing.contains(function) else {
            throw .functionsMissing(path: path, [function])
        }
        let phase: Phase = function == .initialize || function == .finalize ? .changing : .up
        let isAdmitted = state.withLock { state in
            if state.phase == phase { state.runningCalls += 1 }
            return state.phase == phase
        }
        guard isAdmitted else { throw .finalized(path: path) }
        defer { state.withLock { $0.runningCalls -= 1 } }
        return unsafe ReturnCode(rawValue: body(functions))
    }

    /// Calls one function and throws anything but CKR_OK.
    func call(_ function: Function, _ body: (Functions) -> CK_RV) throws(PKCS11Error) {
        let code = try unsafe answer(to: function, body)
        guard code == .ok else { throw .failed(function, code) }
    }

    /// Fetches a list whose length has to be asked for first and may grow in between.
    func list(
        _ function: Function,
        _ body: (Functions, UnsafeMutablePointer<CK_ULONG>?, UnsafeMutablePointer<CK_ULONG>) ->
            CK_RV
    ) throws(PKCS11Error) -> [UInt] {
        for _ in 0..<8 {
            var count: CK_ULONG = 0
            try unsafe call(function) { unsafe body($0, nil, &count) }
            guard count <= 65_536 else { throw .malformed(function, "\(count) entries") }
            if count == 0 { return [] }
            var entries = [CK_ULONG](repeating: 0, count: Int(count))
            let code = try unsafe answer(to: function) { functions in
                unsafe entries.withUnsafeMutableBufferPointer { buffer in
                    unsafe body(functions, buffer.baseAddress, &count)
                }
            }
            if code == .bufferTooSmall { continue }
            guard code == .ok else { throw .failed(function, code) }
            guard count <= entries.count else {
                throw .malformed(function, "\(count) entries where \(entries.count) fit")
            }
            return Array(entries.prefix(Int(count)))
        }
        throw .failed(function, .bufferTooSmall)
    }
}

// MARK: - Sessions and handles

extension Module {
    /// Counts a session in and numbers it; the number is never used again.
    func sessionOpened() -> UInt64 {
        state.withLock { state in
            state.openSessions += 1
            state.sessionsOpened += 1
            return state.sessionsOpened
        }
    }

    /// Counts a session out.
    func sessionClosed() {
        state.withLock { $0.openSessions -= 1 }
    }

    /// How often somebody logged out of the slot.
    func logouts(ofSlot slot: UInt) -> UInt64 {
        state.withLock { $0.logouts[slot, default: 0] }
    }

    /// Takes the meaning from every handle that was found in the slot so far.
    func loggedOut(ofSlot slot: UInt) {
        state.withLock { $0.logouts[slot, default: 0] += 1 }
    }
}
