// A server of the TypeScript SDK in both eras, with the tools of the gateway by name: sessions and JSON in the legacy era,
// what the SDK makes by itself in the modern one. It takes the names of the tools and prints where it listens.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { McpServer, WebStandardStreamableHTTPServerTransport, createMcpHandler, fromJsonSchema, isLegacyRequest } from '@modelcontextprotocol/server';

const newServer = () => {
    const server = new McpServer({ name: 'bare', version: '1' });
    for (const name of process.argv.slice(2)) {
        server.registerTool(name, { inputSchema: fromJsonSchema({ type: 'object' }) }, () => ({ content: [{ type: 'text', text: '{}' }], structuredContent: {} }));
    }
    return server;
};
const modern = createMcpHandler(newServer, { legacy: 'reject' });

// The composition that the SDK's documentation gives for servers with sessions.
const sessions = new Map();
const refusal = (status, code, message) => Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });
const legacy = async request => {
    const id = request.headers.get('mcp-session-id');
    if (id && !sessions.has(id)) {
        return refusal(404, -32001, 'Session not found');
    }
    if (id) {
        return sessions.get(id).handleRequest(request);
    }
    const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: true,
        onsessioninitialized: begun => sessions.set(begun, transport),
        onsessionclosed: ended => sessions.delete(ended)
    });
    await newServer().connect(transport);
    return transport.handleRequest(request);
};

createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) {
        chunks.push(chunk);
    }
    const headers = new Headers();
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
        headers.append(req.rawHeaders[i], req.rawHeaders[i + 1]);
    }
    const body = ['GET', 'HEAD'].includes(req.method) ? undefined : Buffer.concat(chunks);
    const request = new Request(`http://127.0.0.1${req.url}`, { method: req.method, headers, body });
    const answer = await isLegacyRequest(request.clone()) ? await legacy(request) : await modern.fetch(request);
    res.writeHead(answer.status, Object.fromEntries(answer.headers));
    res.flushHeaders();
    if (answer.body) {
        const reader = answer.body.getReader();
        req.on('close', () => reader.cancel().catch(() => {}));
        res.on('close', () => reader.cancel().catch(() => {}));
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
            res.write(next.value);
        }
    }
    res.end();
}).listen(0, '127.0.0.1', function () {
    console.log(`ready http://127.0.0.1:${this.address().port}`);
});
