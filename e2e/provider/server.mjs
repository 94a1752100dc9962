// An OpenID Connect provider for tests: oidc-provider with refresh tokens that rotate, where Ann signs in without a page.
//
//   node server.mjs REDIRECT_URI
//
// It prints "ready ISSUER". What tests see and change is at /_control:
//
//   GET  /_control          what happened so far
//   PUT  /_control          settings; those that are left out stay
//   POST /_control/expired  answers when the last access token has expired
//   POST /_control/forget   {"kind": "AccessToken"} forgets all access tokens, {"kind": "Grant"} ends all sign-ins
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';

import Provider from 'oidc-provider';

const [redirect] = process.argv.slice(2);

const settings = {
  life: 3600, // of access tokens, in seconds
  hold: false, // answers to refreshes wait, after the tokens were issued
  down: '', // the token endpoint: 'busy' answers 503, 'gone' cuts connections off
};

const seen = {
  issued: {}, // tokens given, by grant type
  refused: {}, // errors given, by grant type
  held: 0, // answers that wait now
  tried: 0, // requests while the token endpoint was down
  authorization: {}, // parameters of the last authorization request
};

let expires = 0;
let released = [];

// Everything is in one map, so that tests can make the provider forget.
const records = new Map();

class Records {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload, ttl) {
    records.set(this.key(id), { ...payload });
    if (this.model === 'AccessToken') expires = Date.now() + ttl * 1000;
  }

  async find(id) { return records.get(this.key(id)); }

  async findByUid(uid) {
    return [...records.values()].find((r) => r.kind === this.model && r.uid === uid);
  }

  async findByUserCode() { return undefined; }

  async consume(id) { records.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }

  async destroy(id) { records.delete(this.key(id)); }

  async revokeByGrantId(grant) {
    for (const [key, r] of records) if (r.grantId === grant) records.delete(key);
  }
}

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = (id, more) => ({ client_id: id, client_secret: `the secret of ${id}`, ...more });

const provider = new Provider(issuer, {
  adapter: Records,
  clients: [
    client('gateway', { redirect_uris: [redirect], grant_types: ['authorization_code', 'refresh_token'] }),
    client('api', { redirect_uris: [], grant_types: [], response_types: [] }),
  ],
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  cookies: { keys: ['of a test'] },
  claims: { email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: () => settings.life, AuthorizationCode: 60, Grant: 86400, IdToken: 60, Interaction: 600,
    RefreshToken: 86400, Session: 86400,
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Ann', email: `${id}@acme.example`, email_verified: true }),
  }),
});

const count = (of, grantType) => { of[grantType] = (of[grantType] ?? 0) + 1; };

provider.use(async (ctx, next) => {
  if (ctx.path === '/token' && settings.down) {
    seen.tried += 1;
    if (settings.down === 'gone') {
      ctx.respond = false;
      ctx.req.socket.destroy();
      return;
    }
    ctx.status = 503;
    ctx.body = { error: 'temporarily_unavailable' };
    return;
  }
  if (ctx.path === '/auth') seen.authorization = { ...ctx.query };
  await next();
  if (ctx.oidc?.route !== 'token') return;
  const { grant_type: grantType } = ctx.oidc.params;
  count(ctx.status === 200 ? seen.issued : seen.refused, grantType);
  if (grantType === 'refresh_token' && settings.hold) {
    seen.held += 1;
    await new Promise((resolve) => { released.push(resolve); });
    seen.held -= 1;
  }
});

// interact is Ann: she signs in and consents to whatever is asked.
async function interact(req, res) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
  let result = { login: { accountId: 'ann' } };
  if (prompt.name === 'consent') {
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: prompt.name === 'consent' });
}

async function control(req, res) {
  let body = '';
  for await (const chunk of req) body += chunk;
  const given = body ? JSON.parse(body) : {};
  switch (`${req.method} ${req.url}`) {
    case 'GET /_control':
      break;
    case 'PUT /_control':
      Object.assign(settings, given);
      if (!settings.hold) {
        released.forEach((resolve) => resolve());
        released = [];
      }
      break;
    case 'POST /_control/expired':
      while (Date.now() <= expires) await setTimeout(expires - Date.now() + 1);
      break;
    case 'POST /_control/forget':
      for (const key of records.keys()) if (key.startsWith(`${given.kind}:`)) records.delete(key);
      break;
    default:
      res.writeHead(404);
  }
  res.end(JSON.stringify(seen));
}

const serve = provider.callback();
server.on('request', (req, res) => {
  if (req.url.startsWith('/_control')) control(req, res);
  else if (req.url.startsWith('/interaction/')) interact(req, res);
  else serve(req, res);
});

console.log(`ready ${issuer}`);
