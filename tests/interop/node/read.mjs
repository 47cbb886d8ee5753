// Reads container files with avsc: a file in base64 on each line of the standard input, what it holds as JSON on one of the output.
import { createInterface } from 'node:readline';
import avsc from 'avsc';

// JSON has no word for bytes nor for some numbers, and an object of a map or record must not be taken for either.
function tagged(value) {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (Array.isArray(value)) return value.map(tagged);
  return { $object: Object.entries(value).map(([key, inner]) => [key, tagged(inner)]) };
}

function read(file) {
  return new Promise((resolve) => {
    const records = [];
    const parseHook = (schema) => avsc.Type.forSchema(schema, { wrapUnions: true });
    const decoder = new avsc.streams.BlockDecoder({ parseHook });
    decoder.on('data', (record) => records.push(tagged(record)));
    decoder.on('error', (error) => resolve({ error: error.message }));
    decoder.on('end', () => resolve({ records }));
    decoder.end(file);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await read(Buffer.from(line, 'base64')).catch((error) => ({ error: error.message }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
