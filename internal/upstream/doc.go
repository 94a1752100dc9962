// Package upstream is the gateway's side towards what stands behind it: it signs people in at an
// OpenID Connect provider, and finds the credential that their calls to the REST API are made with.
//
//	Provider.Begin            a sign-in: where the browser goes, and what is kept until it comes back
//	Provider.Finish           its answer, and the person
//	Login.Look                every request: whether the person may still come in, by what is kept
//	Login.CheckBeforeWriting  before something is sent: the provider is asked again after a while
//	Login.StillAllowed        at a refresh likewise
//	Login.Credential          what a call to the REST API is made with
//
// Nothing is asked of the provider before somebody signs in, so the gateway starts while the
// provider is down. An error says what follows from it: [ErrUnavailable] is nobody's fault and
// passes; [ErrGrantOver] means that the person has to sign in again. Only the provider's own word
// about a token that is still the stored one, or rules that no longer admit what it says of the
// person, end a grant. Everything else is unknown, which is never no, and lasts for a bounded time
// ([ErrLapsed]).
//
// [Exchange] has a token exchanged for one whose audience is the API, at a [Provider] or an
// [AuthorizationServer]. [PersonalKeys] has each person's own key.
//
// A token is renewed before it ends, by one replica for all, while calls go on with the old one.
// Whoever got the answer keeps it until the store has it; [Login.Close] waits for that.
//
// What belongs to a grant lives in a [Store], which seals it; what belongs to a person is sealed
// here and lives in [session.Values]. In memory there is only what can be had again, and what the
// store has not taken yet. The package must not log, must not put a token, a code, a key or the
// body of an answer into an error, and must not send a secret to any host but the one that the
// server's metadata, or the operator, names.
package upstream
