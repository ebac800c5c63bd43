/// A fault of a library the server runs with, which matters to a server under attack and is mended in a later version.
///
/// A distribution may have mended it without another version.
package struct KnownIssue: Hashable, Sendable {
    /// The library.
    package enum Library: String, Sendable {
        case ngtcp2
        case gnutls = "GnuTLS"
    }

    /// Which library it is in.
    package let library: Library
    /// The first version that has it; nil for all before ``fixedIn``.
    package var since: LibraryVersion?
    /// The first version that does not have it any more.
    package let fixedIn: LibraryVersion
    /// What it is, and what that means here.
    package let sentence: String
    /// Where to read about it: an advisory, or a commit of the library.
    package let reference: String

    /// Every issue there is, by library and version.
    package static let all: [KnownIssue] = [
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 12, 0),
            sentence: "no packet number is skipped, so acknowledgements of packets that were not received go unnoticed",
            reference: "60f5b0d3"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 12, 0),
            sentence: "an assertion about acknowledgements on a path can end the process",
            reference: "720d467f"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 15, 0),
            sentence: "no limit on frames that do nothing; the server's own is --useless-packets",
            reference: "release notes of 1.15.0"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 18, 0),
            sentence: "memory is freed twice where the installation of keys fails, as when there is no memory",
            reference: "b63bf49c"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 18, 0),
            sentence: "a client loses memory at each Retry until its connection ends; servers are not affected",
            reference: "7dc9b550"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 22, 1),
            sentence:
                "large transport parameters overflow the stack where qlog is written, which this server never does",
            reference: "CVE-2026-40170"
        ),
        KnownIssue(
            library: .ngtcp2,
            fixedIn: LibraryVersion(1, 23, 0),
            sentence: "CRYPTO data is not limited by its offset; the server's own limits are on memory and on bytes",
            reference: "59dc983d"
        ),
        KnownIssue(
            library: .gnutls,
            fixedIn: LibraryVersion(3, 8, 10),
            sentence: "a second ClientHello without the PSK of the first can end the process",
            reference: "CVE-2025-6395"
        ),
        KnownIssue(
            library: .gnutls,
            since: LibraryVersion(3, 8, 11),
            fixedIn: LibraryVersion(3, 8, 12),
            sentence: "a ClientHello with a ticket and a wrong binder ends the process of a server that gives tickets",
            reference: "CVE-2026-1584"
        ),
    ]

    /// Those that a library of this version has; all of them when the version cannot be read.
    package static func all(of library: Library, version: String) -> [KnownIssue] {
        let version = LibraryVersion(version)
        return all.filter { issue in
            guard issue.library == library else { return false }
            guard let version else { return true }
            return version < issue.fixedIn && version >= issue.since ?? version
        }
    }

    /// Those that libraries of these versions have.
    package static func all(ngtcp2: String, gnutls: String) -> [KnownIssue] {
        all(of: .ngtcp2, version: ngtcp2) + all(of: .gnutls, version: gnutls)
    }

    /// One line: `ngtcp2 before 1.12.0: … (60f5b0d3)`.
    package var line: String {
        let versions = since.map { "from \($0) on and before \(fixedIn)" } ?? "before \(fixedIn)"
        return "\(library.rawValue) \(versions): \(sentence) (\(reference))"
    }
}
