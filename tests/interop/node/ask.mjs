// Asks avsc: on each line of the standard input is a request in JSON, and its answer, tagged, is a line of the output.
import { createInterface } from 'node:readline';
import avsc from 'avsc';

const typeOf = (schema) => avsc.Type.forSchema(schema, { wrapUnions: true });

// JSON has no word for bytes.
function tagged(value) {
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('hex') };
  if (Array.isArray(value)) return value.map(tagged);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.unwrap === 'function') return tagged(value.unwrap()); // what avsc wraps a union's value in
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tagged(inner)]));
}

const finished = (stream) => new Promise((resolve, reject) => {
  const parts = [];
  stream.on('error', reject).on('data', (part) => parts.push(part)).on('end', () => resolve(parts));
});

async function answer({ operation, schema, reader, value, data }) {
  const bytes = Buffer.from(data ?? '', 'hex');
  switch (operation) {
    case 'encode':
      return typeOf(schema).toBuffer(value);
    case 'decode':
      return typeOf(schema).fromBuffer(bytes);
    case 'resolve': {
      const to = typeOf(reader);
      return to.fromBuffer(bytes, to.createResolver(typeOf(schema)));
    }
    case 'fingerprint':
      return typeOf(schema).fingerprint('md5').toString('hex');
    case 'read': {
      const decoder = new avsc.streams.BlockDecoder({ parseHook: typeOf });
      const records = finished(decoder);
      decoder.end(bytes);
      return records;
    }
    default: {
      const encoder = new avsc.streams.BlockEncoder(typeOf(schema), { writeHeader: 'always' });
      const parts = finished(encoder);
      value.forEach((record) => encoder.write(record));
      encoder.end();
      return Buffer.concat(await parts);
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const result = await answer(JSON.parse(line)).then((ok) => ({ ok: tagged(ok) }), (error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
