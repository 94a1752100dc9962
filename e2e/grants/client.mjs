// A program that signs in without a browser by a provider of the TypeScript SDK, and calls send_message.
import { Client, ClientCredentialsProvider, CrossAppAccessProvider, StreamableHTTPClientTransport, discoverAndRequestJwtAuthGrant } from '@modelcontextprotocol/client';

const s = JSON.parse(process.argv[2]);
const known = { clientId: s.client, clientSecret: s.secret, expectedIssuer: s.issuer };
const authProvider = s.grant === 'client_credentials'
    ? new ClientCredentialsProvider(known)
    : new CrossAppAccessProvider({
        ...known,
        assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => (await discoverAndRequestJwtAuthGrant({
            idpUrl: s.company, audience: authorizationServerUrl, resource: resourceUrl, idToken: s.idToken, clientId: s.atCompany, scope, fetchFn
        })).jwtAuthGrant
    });
const client = new Client({ name: 'grants', version: '1' });
await client.connect(new StreamableHTTPClientTransport(new URL(s.url), { authProvider }));
const result = await client.callTool({ name: 'send_message', arguments: s.arguments });
await client.close();
console.log(JSON.stringify(result));
process.exit(result.isError ? 1 : 0);
