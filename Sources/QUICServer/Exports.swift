@_exported public import QUICTransport
