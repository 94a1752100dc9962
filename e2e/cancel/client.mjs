// A program that creates many contacts by a TypeScript SDK, and aborts the call when it is told to: on a line of its standard input. It
// stays connected until that ends.
import { createInterface } from 'node:readline';

const s = JSON.parse(process.argv[2]);
const v1 = s.sdk === 1;
const { Client } = await import(v1 ? '@modelcontextprotocol/sdk/client/index.js' : '@modelcontextprotocol/client');
const { StreamableHTTPClientTransport } = await import(v1 ? '@modelcontextprotocol/sdk/client/streamableHttp.js' : '@modelcontextprotocol/client');

const versionNegotiation = { mode: s.era === 'modern' ? { pin: '2026-07-28' } : 'legacy' };
const client = new Client({ name: 'cancel', version: '1' }, v1 ? {} : { versionNegotiation });
await client.connect(new StreamableHTTPClientTransport(new URL(s.url)));
const abort = new AbortController();
const lines = createInterface({ input: process.stdin });
lines.once('line', () => abort.abort('enough'));
const contacts = Array.from({ length: s.contacts }, (_, i) => ({ name: `Contact ${i}` }));
const call = { name: 'create_contacts_batch', arguments: { contacts } };
const options = { signal: abort.signal, timeout: 600000 };
try {
    await (v1 ? client.callTool(call, undefined, options) : client.callTool(call, options));
    console.log('answered');
} catch (error) {
    console.log(abort.signal.aborted ? 'aborted' : `failed: ${error}`);
}
lines.once('close', () => process.exit(0));
