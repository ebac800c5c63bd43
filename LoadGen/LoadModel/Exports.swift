@_exported public import TextValues
