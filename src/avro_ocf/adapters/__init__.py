"""What a store stands on: each file fits one outside thing to a port of `avro_ocf.hotcold.ports` and translates its errors."""
