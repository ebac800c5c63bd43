@_exported public import Datagrams
@_exported public import QUICTransport
@_exported public import QUICWorkers
