internal import EchoService
package import QUICServer
package import TextValues

/// The services a server offers, in order of preference, named by their application protocols: `echo,hq-interop`.
package struct ServiceList: Hashable, Sendable, CustomStringConvertible {
    /// The services there are.
    package enum Name: String, CaseIterable, Sendable {
        /// ``EchoService``.
        case echo
        /// ``HQInteropService``.
        case hqInterop = "hq-interop"
        /// ``HTTP3FetchService``.
        case h3
    }

    /// What is offered.
    package let names: [Name]

    /// The services that `text` names, separated by commas.
    ///
    /// - Throws: ``TextValueError`` when one is not known or named twice, or none is named.
    package init(_ text: String) throws(TextValueError) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        let names = words.compactMap { Name(rawValue: String($0)) }
        guard names.count == words.count, Set(names).count == names.count else {
            let all = Name.allCases.map(\.rawValue).joined(separator: ", ")
            let accepted = "one or more of \(all), separated by commas, each once"
            throw TextValueError(text: text, kind: "a list of application protocols", accepted: accepted)
        }
        self.names = names
    }

    /// These services, in this order.
    package init(_ names: [Name]) {
        self.names = names
    }

    /// As it is written on the command line.
    package var description: String { names.map(\.rawValue).joined(separator: ",") }

    /// The unidirectional streams that clients of these services need to open.
    package var clientUnidirectionalStreams: Int {
        names.contains(.h3) ? HTTP3FetchService.clientUnidirectionalStreams : 0
    }

    /// The services themselves.
    package var services: [any StreamService & Sendable] {
        names.map { name in
            switch name {
            case .echo: EchoService()
            case .hqInterop: HQInteropService()
            case .h3: HTTP3FetchService()
            }
        }
    }
}
