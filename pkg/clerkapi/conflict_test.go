package clerkapi

import "testing"

func TestExistingIDOfAConflict(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"Contact exists","existingId":"k-9"}`:         "k-9",
		`{"error":{"message":"exists","contactId":1042}}`:         "1042",
		`{"data":{"id":90071992547409931}}`:                       "90071992547409931",
		`{"existing":{"id":"k-9"},"id":null}`:                     "k-9",
		`{"message":"Contact k-9 exists"}`:                        "",
		`[{"id":"k-9"}]`:                                          "",
		`{"data":[{"id":"k-9"}]}`:                                 "",
		`{"data":{"data":{"data":{"data":{"data":{"id":"k"}}}}}}`: "",
		`<html>`: "",
		``:       "",
	} {
		if got := existingID([]byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
