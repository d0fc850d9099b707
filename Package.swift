// swift-tools-version: 6.2
// The map of the product: a request falls down this list of targets and the answer climbs back.
// Imports go one way only; Scripts/check-imports holds every file to the table below.

import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// For the targets that touch C: every expression that leaves memory safety says `unsafe`.
let strictWithC: [SwiftSetting] = strict + [.strictMemorySafety()]

let collections = Target.Dependency.product(
    name: "HashTreeCollections", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "ceremonyd",
    products: [
        .executable(name: "ceremonyd", targets: ["ceremonyd"]),
        .executable(name: "ceremonyctl", targets: ["ceremonyctl"]),
        .library(name: "PKCS11", targets: ["PKCS11"]),
        // A PKCS#11 module that fails on demand; tests load it, nothing links it.
        .library(name: "FaultToken", type: .dynamic, targets: ["CFaultToken"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C that Swift cannot say.
        .systemLibrary(
            name: "CPKCS11", pkgConfig: "p11-kit-1", providers: [.apt(["libp11-kit-dev"])]),
        .systemLibrary(
            name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(
            name: "CQRencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(
            name: "CGFShare", pkgConfig: "libgfshare", providers: [.apt(["libgfshare-dev"])]),
        .target(name: "CPlatform"),

        // The token, and the cryptography done off it.
        .target(name: "PKCS11", dependencies: ["CPKCS11"], swiftSettings: strictWithC),
        .target(name: "Sodium", dependencies: ["CSodium"], swiftSettings: strictWithC),
        .target(
            name: "SecretSharing", dependencies: ["Sodium", "CGFShare"],
            swiftSettings: strictWithC),

        // Another project's vaults: read, checked, and what a rotation of their keys writes.
        .target(name: "Provara", dependencies: ["Sodium"], swiftSettings: strictWithC),

        // What is written, and what may happen. Pure.
        .target(name: "CeremonyRecord", dependencies: ["Sodium"], swiftSettings: strict),
        .target(
            name: "CeremonyRules", dependencies: ["CeremonyRecord", "Provara", collections],
            swiftSettings: strict),

        // What drives the rules against tokens and log.
        .target(
            name: "CeremonyEngine",
            dependencies: [
                "CeremonyRules", "CeremonyRecord", "PKCS11", "Provara", "SecretSharing", "Sodium",
            ],
            swiftSettings: strict),
        .target(
            name: "CeremonyStore",
            dependencies: [
                "CeremonyEngine", "CeremonyRecord", .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strictWithC),

        // What is said on the socket, and who listens.
        .target(
            name: "CeremonyWire", dependencies: ["CeremonyRecord", "CPlatform", "Sodium"],
            resources: [.embedInCode("org.ceremonyd.Ceremony.varlink")], swiftSettings: strictWithC),
        .target(
            name: "CeremonyDaemon",
            dependencies: [
                "CeremonyEngine", "CeremonyStore", "CeremonyWire", "CeremonyRules",
                "CeremonyRecord",
                "PKCS11", "Sodium", "CPlatform", logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                "TOMLKit",
            ],
            resources: [.embedInCode("Configuration/ceremonyd.sample.toml")],
            swiftSettings: strictWithC),

        // What both programs do at a terminal: questions, PINs, endings.
        .target(
            name: "CeremonyTerminal",
            dependencies: [
                "CeremonyRecord", "Sodium", "CPlatform", "CQRencode",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strictWithC),

        // The two programs.
        .executableTarget(
            name: "ceremonyd",
            dependencies: [
                "CeremonyDaemon", "CeremonyTerminal", "CeremonyEngine", "CeremonyStore",
                "CeremonyRules", "CeremonyRecord", "CeremonyWire", "PKCS11", "Sodium", "CPlatform",
                logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strictWithC),
        .executableTarget(
            name: "ceremonyctl",
            dependencies: [
                "CeremonyTerminal", "CeremonyWire", "CeremonyRules", "CeremonyRecord", "PKCS11",
                "Provara", "Sodium", "CPlatform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strictWithC),

        // What shows that it works.
        .target(name: "CFaultToken", dependencies: ["CPKCS11"], path: "Tests/CFaultToken"),
        .target(name: "CTestTerminal", path: "Tests/CTestTerminal"),
        .target(
            name: "TestSupport",
            dependencies: [
                "CeremonyEngine", "CeremonyRules", "CeremonyRecord", "PKCS11", "Provara", "Sodium",
                "CSodium",
            ], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "SodiumTests", dependencies: ["Sodium"], swiftSettings: strict),
        .testTarget(
            name: "SecretSharingTests", dependencies: ["SecretSharing", "Sodium"],
            swiftSettings: strict),
        .testTarget(
            name: "PKCS11Tests", dependencies: ["PKCS11", "CPKCS11", "Sodium", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ProvaraTests", dependencies: ["Provara", "Sodium", "CSodium"],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "CeremonyRecordTests", dependencies: ["CeremonyRecord", "Sodium"],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "CeremonyRulesTests",
            dependencies: ["CeremonyRules", "CeremonyRecord", "TestSupport", collections],
            swiftSettings: strict),
        .testTarget(
            name: "CeremonyEngineTests",
            dependencies: [
                "CeremonyEngine", "CeremonyStore", "CeremonyRules", "CeremonyRecord", "PKCS11",
                "Provara", "Sodium", "CSodium", "TestSupport",
            ], swiftSettings: strict),
        .testTarget(
            name: "CeremonyStoreTests",
            dependencies: [
                "CeremonyStore", "CeremonyEngine", "CeremonyRecord", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ], swiftSettings: strict),
        .testTarget(
            name: "CeremonyWireTests", dependencies: ["CeremonyWire", "CeremonyRecord"],
            swiftSettings: strictWithC),
        .testTarget(
            name: "CeremonyDaemonTests",
            dependencies: [
                "CeremonyDaemon", "CeremonyEngine", "CeremonyRules", "CeremonyWire",
                "CeremonyRecord", "Sodium", "CPlatform", "TestSupport", logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"), "TOMLKit",
            ], swiftSettings: strictWithC),
        .testTarget(
            name: "CeremonyCtlTests",
            dependencies: [
                "ceremonyctl", "CTestTerminal", "CeremonyTerminal", "CeremonyRecord",
                "CeremonyRules", "CeremonyWire", "PKCS11", "Provara", "Sodium", "TestSupport",
            ], swiftSettings: strictWithC),
        // Houses in which everything goes wrong, by seeds (Scripts/simulate); not shipped.
        .executableTarget(
            name: "ceremony-simulator",
            dependencies: [
                "CeremonyEngine", "CeremonyRules", "CeremonyRecord", "Sodium", "TestSupport",
            ], path: "Tests/CeremonySimulator", swiftSettings: strictWithC),
        .testTarget(
            name: "CeremonySimulatorTests", dependencies: ["ceremony-simulator"],
            swiftSettings: strictWithC),
        // The two programs as people use them: real processes, a real socket, tokens in SoftHSM.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "ceremonyd", "ceremonyctl", "CPlatform", "CeremonyRecord", "CeremonyRules",
                "CeremonyWire", "Sodium", "TestSupport",
            ], swiftSettings: strictWithC),
    ]
)
