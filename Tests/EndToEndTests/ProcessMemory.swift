// The memory of another process, as root can read it, to look for bytes that must not be there.
// Nothing hides memory from root; what counts is that secrets are only where it is locked, so that
// they reach no swap and no core file.

import Glibc
import Testing

/// The mappings of a live process.
struct ProcessMemory {
    /// One mapping.
    struct Region {
        let range: Range<UInt64>
        let name: String
        /// Whether it was locked into memory (VmFlags `lo`).
        var isLocked = false
        /// Whether the process itself may read it. Locked memory is looked at all the same: secrets
        /// are out of reach while nobody uses them.
        let isReadable: Bool
    }

    /// A place where bytes were found.
    struct Find: CustomStringConvertible {
        let region: Region
        let address: UInt64
        /// What stands around it, other than printable ASCII as dots.
        let around: String

        var description: String {
            "0x\(String(address, radix: 16)) in \(region.name.isEmpty ? "anonymous" : region.name)"
                + "\(region.isLocked ? ", locked" : ""): \(around)"
        }
    }

    let pid: pid_t
    let regions: [Region]

    /// Reads the list of mappings.
    init(of pid: pid_t) throws {
        self.pid = pid
        var regions: [Region] = []
        for line in TestFile.text("/proc/\(pid)/smaps").lineList {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard let first = words.first else { continue }
            if first == "VmFlags:" {
                regions[regions.count - 1].isLocked = words.contains("lo")
            } else if !first.hasSuffix(":") {
                let ends = first.split(separator: "-").compactMap { UInt64($0, radix: 16) }
                try #require(ends.count == 2)
                regions.append(
                    Region(
                        range: ends[0]..<ends[1], name: words.dropFirst(5).joined(separator: " "),
                        isReadable: words[1].hasPrefix("r") && !words[1].contains("x")))
            }
        }
        try #require(!regions.isEmpty, "the mappings of \(pid) cannot be read")
        self.regions = regions
    }

    /// Where the bytes stand.
    func search(for pattern: [UInt8]) throws -> [Find] {
        let descriptor = unsafe open("/proc/\(pid)/mem", O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "the memory of \(pid) cannot be read")
        defer { close(descriptor) }
        var finds: [Find] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        for region in regions where region.isReadable || region.isLocked {
            var address = region.range.lowerBound
            while address < region.range.upperBound {
                let wanted = min(UInt64(chunk.count), region.range.upperBound - address)
                let count = unsafe pread(descriptor, &chunk, Int(wanted), off_t(address))
                guard count > 0 else { break }
                for place in ProcessMemory.places(of: pattern, in: chunk, count: count) {
                    let around = chunk[max(0, place - 48)..<min(count, place + pattern.count + 48)]
                    let text = around.map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: ".") }
                    finds.append(
                        Find(
                            region: region, address: address + UInt64(place),
                            around: String(decoding: text, as: UTF8.self)))
                }
                // The pieces overlap, so that nothing hides at a seam.
                guard count == Int(wanted), address + wanted < region.range.upperBound else {
                    break
                }
                address += wanted - UInt64(pattern.count)
            }
        }
        return finds
    }

    private static func places(of pattern: [UInt8], in chunk: [UInt8], count: Int) -> [Int] {
        unsafe chunk.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return [] }
            var places: [Int] = []
            var from = 0
            while from + pattern.count <= count {
                let found = unsafe memchr(
                    base + from, Int32(pattern[0]), count - pattern.count + 1 - from)
                guard let found = unsafe found else { break }
                let place = unsafe found - UnsafeMutableRawPointer(mutating: base)
                if unsafe memcmp(base + place, pattern, pattern.count) == 0 { places.append(place) }
                from = place + 1
            }
            return places
        }
    }
}
