// A program that the conformance suite judges: it signs in without a browser by the provider of the TypeScript SDK that
// client.mjs takes too, with what the suite says of itself, and lists the tools of the suite's server.
import { Client, ClientCredentialsProvider, CrossAppAccessProvider, PrivateKeyJwtProvider, StreamableHTTPClientTransport, requestJwtAuthorizationGrant } from '@modelcontextprotocol/client';

const s = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT);
const known = { clientId: s.client_id, clientSecret: s.client_secret };
const providers = {
    'auth/client-credentials-basic': () => new ClientCredentialsProvider(known),
    'auth/client-credentials-jwt': () => new PrivateKeyJwtProvider({ ...known, privateKey: s.private_key_pem, algorithm: s.signing_algorithm }),
    'auth/enterprise-managed-authorization': () => new CrossAppAccessProvider({
        ...known,
        assertion: async ({ authorizationServerUrl, resourceUrl, scope, fetchFn }) => (await requestJwtAuthorizationGrant({
            tokenEndpoint: s.idp_token_endpoint, audience: authorizationServerUrl, resource: resourceUrl, idToken: s.idp_id_token, clientId: s.idp_client_id, scope, fetchFn
        })).jwtAuthGrant
    })
};
const client = new Client({ name: 'grants', version: '1' });
const authProvider = providers[process.env.MCP_CONFORMANCE_SCENARIO]();
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv.at(-1)), { authProvider }));
await client.listTools();
await client.close();
