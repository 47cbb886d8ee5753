"""The sentences of the Avro specification, and which of them a case exercises."""
