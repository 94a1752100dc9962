// Package clerkapi is a client of the Clerk Chat REST API: it sends and finds text messages,
// manages contacts and starts campaigns.
//
// # Beginning
//
// One [Client] serves a whole program. It keeps the connections, and no credential: [Client.As]
// makes a light copy that works for one user, so that users cannot come to share a key by accident.
//
//	client, err := clerkapi.NewClient(clerkapi.Options{})
//	if err != nil {
//		return err
//	}
//	ann := client.As(clerkapi.APIKey(os.Getenv("CLERK_API_KEY")))
//	message, _, err := ann.Messages.Send(ctx, &clerkapi.SendMessageRequest{
//		Sender:     "+15551234567",
//		Recipients: []string{"+15559876543"},
//		Body:       "Your appointment is tomorrow at 2 pm",
//	})
//
// Services and methods follow the API's own groups: [MessagesService], [ContactsService],
// [CampaignsService]. A method returns what the API answered, a [Response] with the HTTP side of
// it, and an error.
//
// # Paging
//
// [MessagesService.Find] returns one page, [MessagesService.All] goes through all of them:
//
//	for message, err := range ann.Messages.All(ctx, &clerkapi.FindMessagesParams{Start: yesterday}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(message.Sender, message.Body)
//	}
//
// # Errors
//
// An error that concerns a request is an [*Error]. [errors.Is] tells its reason, whatever else is
// in it:
//
//	var e *clerkapi.Error
//	switch {
//	case errors.Is(err, clerkapi.ErrRateLimited) && errors.As(err, &e):
//		later(e.RetryAfter)
//	case errors.Is(err, clerkapi.ErrUnauthorized):
//		askForANewKey()
//	}
//
// The API documents no form for its error bodies. [Error.Message] is found in JSON of many shapes,
// in plain text, or in the title of a proxy's page, and is always one short line. The cause, for
// [errors.As] and debugging only, may name hosts and addresses; [Error.Error] does not print it.
//
// # What is known after an error
//
// A text message cannot be unsent, and the API has no idempotency keys. So an error says with
// [Error.Outcome] what it means for the request:
//
//	NotDone  It had no effect: refused, rate limited, or no connection was made. It is safe to repeat.
//	Unknown  It may have had one: cut off, timed out, or answered with 408 or a 5xx. A 503 is not an exception, since proxies
//	         answer it after they passed a request on. Look before you repeat it.
//	Done     The API took it, but its answer cannot be read, or tells of a failure later on the way ([ErrFailed], with
//	         the message beside the error). Do not repeat it.
//
// Reading changes nothing: its outcome is always NotDone. Of redirects, 301, 307 and 308 mean that
// nothing was done here (NotDone); the others are also usual answers to a form that was taken
// (Unknown).
//
// # Repeating
//
// The client repeats by itself what cannot do a thing twice, up to [Options.MaxAttempts] times,
// with growing waits that are never the same for two clients:
//
//	GET, PUT, DELETE  after network errors, 408, 5xx and 429. A DELETE that is repeated, because its first attempt may have
//	                  worked, and finds nothing has succeeded.
//	POST              only when no connection was made (DNS, dialing, TLS) and after 429.
//
// A Retry-After of the API is honoured. [Options.Timeout] is one deadline over attempts, waits and
// reading the answer; a wait that would not end before it is not begun: the error comes at once,
// with [Error.RetryAfter].
//
// # What it does not do
//
// It does not follow redirects, since Go would carry the key to wherever one points. It does not
// send an Idempotency-Key header, which the API does not know but which makes Go's transport repeat
// a POST. It does not normalize numbers or judge requests beyond what could not be sent at all,
// keeps nothing between calls, and logs no credential and no content.
//
// Requests, answers and their documentation are generated from the OpenAPI document of this module,
// where facts that no source of the vendor confirms are marked.
package clerkapi
