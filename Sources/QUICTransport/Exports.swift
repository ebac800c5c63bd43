@_exported public import QUICPackets
@_exported public import QUICTLS
@_exported public import Qlog
