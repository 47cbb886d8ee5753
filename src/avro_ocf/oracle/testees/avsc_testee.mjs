// avsc as a testee of `avro-ocf oracle`: a line of JSON asks, a line of JSON answers.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const avsc = createRequire(`${process.cwd()}/`)('avsc'); // as installed where this is run

// avsc reads longs as numbers, unless it is given another type for them: that of BigInts.
const long = avsc.types.LongType.__with({
  fromBuffer: (buffer) => buffer.readBigInt64LE(),
  toBuffer: (number) => { const buffer = Buffer.alloc(8); buffer.writeBigInt64LE(number); return buffer; },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (number) => typeof number === 'bigint' && BigInt.asIntN(64, number) === number,
  compare: (a, b) => Number(a > b) - Number(a < b),
});

const typeHook = (schema) => (schema === 'long' || schema.type === 'long' ? long : undefined);
const typeOf = (text) => avsc.Type.forSchema(JSON.parse(text), { wrapUnions: true, typeHook });

// A value's form says what it is, but an int is a number and a long a BigInt, so the type is walked beside it.
function fromWire(type, form) {
  if (type.typeName === 'union:wrapped') {
    return form === null ? null : { [form.union[0]]: fromWire(type.types.find((branch) => branch.branchName === form.union[0]), form.union[1]) };
  }
  if (form === null || typeof form !== 'object') return form;
  if (Array.isArray(form)) return form.map((item) => fromWire(type.itemsType, item));
  if ('map' in form) {
    const typeAt = (key) => type.valuesType ?? type.field(key).type;
    return Object.fromEntries(Object.entries(form.map).map(([key, inner]) => [key, fromWire(typeAt(key), inner)]));
  }
  if ('int' in form) return type.typeName === 'int' ? Number(form.int) : BigInt(form.int);
  if ('double' in form) return Buffer.from(form.double, 'hex').readDoubleBE();
  return Buffer.from(form.bytes, 'hex');
}

function toWire(value) {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0))) return { int: String(value) };
  if (typeof value === 'number') {
    const buffer = Buffer.alloc(8);
    buffer.writeDoubleBE(value);
    return { double: buffer.toString('hex') };
  }
  if (Buffer.isBuffer(value)) return { bytes: value.toString('hex') };
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value.unwrap === 'function') return toWire(value.unwrap()); // what avsc wraps a union's value in
  return { map: Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toWire(inner)])) };
}

const finished = (stream, event) => new Promise((resolve, reject) => {
  const parts = [];
  stream.on('error', reject).on('data', (part) => parts.push(part)).on(event, () => resolve(parts));
});

async function answer({ operation, schema, reader_schema: readerSchema, value, data, codec }) {
  switch (operation) {
    case 'hello':
      return { name: 'avsc', operations: ['parse', 'encode', 'decode', 'resolve', 'read-file', 'write-file', 'fingerprint'] };
    case 'parse':
      typeOf(schema);
      return null;
    case 'encode': {
      const type = typeOf(schema);
      return type.toBuffer(fromWire(type, value)).toString('hex');
    }
    case 'decode':
      return toWire(typeOf(schema).fromBuffer(Buffer.from(data, 'hex')));
    case 'resolve': {
      const reader = typeOf(readerSchema);
      return toWire(reader.fromBuffer(Buffer.from(data, 'hex'), reader.createResolver(typeOf(schema))));
    }
    case 'fingerprint':
      return { MD5: typeOf(schema).fingerprint('md5').toString('hex'), 'SHA-256': typeOf(schema).fingerprint('sha256').toString('hex') };
    case 'read-file': {
      const decoder = new avsc.streams.BlockDecoder({ parseHook: (json) => typeOf(JSON.stringify(json)) });
      const records = finished(decoder, 'end');
      decoder.end(Buffer.from(data, 'hex'));
      return (await records).map(toWire);
    }
    default: {
      const type = typeOf(schema);
      const encoder = new avsc.streams.BlockEncoder(type, { codec, writeHeader: 'always' });
      const parts = finished(encoder, 'end');
      value.forEach((item) => encoder.write(fromWire(type, item)));
      encoder.end();
      return Buffer.concat(await parts).toString('hex');
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const result = await answer(request).then((ok) => ({ ok }), (error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify({ id: request.id, ...result })}\n`);
}
