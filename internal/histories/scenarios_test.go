package histories_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
)

// scene runs a world with all its replicas for a test that says itself what happens.
func scene(t *testing.T, batchSize int, d defect, play func(t *testing.T, w *world)) {
	t.Helper()
	shell, err := newShell(batchSize)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, shell, d)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(l)
		defer w.run()()
		for slot := range replicas {
			w.boot(slot)
		}
		time.Sleep(warmUp)
		play(t, w)
	})
}

// ask makes a call of an intent on a replica.
func (w *world) ask(slot int, i *intent) *call {
	c := w.newCall(i)
	w.transmit(w.slots[slot], c, i.transmission(i.requestID+len(i.calls)), endless)
	return c
}

// texts makes an intent to send a text, under a key or without one.
func texts(number int, key string) *intent {
	return &intent{
		number: number, who: &client{subject: "ann", modern: true}, key: key, text: fmt.Sprintf("text %d", number), requestID: 1000 * number,
	}
}

func TestKeysAreRefusedAfterRedisLostItsData(t *testing.T) {
	const good = 10 * time.Minute
	scene(t, batchSize, defect{options: func(o *idempotency.Options) { o.KeyLife = good }}, func(t *testing.T, w *world) {
		before, after, keyless := texts(1, "before"), texts(2, "after"), texts(3, "")
		want := func(slot int, i *intent, path string) {
			t.Helper()
			if c := w.ask(slot, i); c.path != path {
				t.Errorf("replica %d: intent %d is %s, want %s", slot, i.number, c.answer, path)
			}
		}
		want(0, before, "executed")
		want(1, before, "replayed")
		w.outage(500*time.Millisecond, true)
		time.Sleep(notice)
		for slot := range replicas {
			want(slot, before, "not_executed")
			want(slot, after, "not_executed")
		}
		want(0, keyless, "executed")
		// Nor does a replica know better that never saw the memory that was lost.
		w.slots[2].die()
		w.boot(2)
		time.Sleep(warmUp)
		want(2, before, "not_executed")
		want(2, after, "not_executed")

		if sent := len(w.made().Messages); sent != 2 {
			t.Errorf("%d messages were sent, want 2: one before the loss and one without a key", sent)
		}
		time.Sleep(good)
		want(1, after, "executed")
		want(2, after, "replayed")
	})
}

func TestContactsAreCreatedOnceThoughAReplicaDies(t *testing.T) {
	const all, part = 10_000, 100
	scene(t, part, defect{}, func(t *testing.T, w *world) {
		i := &intent{kind: aBatch, who: &client{subject: "ann", modern: true}, key: "key"}
		for n := range all {
			i.names = append(i.names, fmt.Sprintf("contact %d", n))
		}
		w.slots[0].arm(trap{side: toAPI, steps: 3*all/part/2 + 2, act: die}) // after half of the requests and one more were written
		first := w.ask(0, i)
		if !first.cut || !w.slots[0].isDead() {
			t.Fatalf("the replica is alive: %s", first.answer)
		}
		amid := len(w.made().contacts)
		last := w.ask(1, i)
		if amid < part || amid > all-part || len(last.parts) != all {
			t.Fatalf("%d contacts were there when it died, and the answer knows of %d", amid, len(last.parts))
		}
		there, ids := w.made().contacts, map[string][]string{}
		for _, c := range there {
			ids[c.Name] = append(ids[c.Name], c.ID)
		}
		unknown := 0
		for n, name := range i.names {
			told := last.parts[n]
			if told.result == "unknown" {
				unknown++
			}
			switch {
			case len(ids[name]) > 1:
				t.Errorf("%s exists %d times", name, len(ids[name]))
			case told.result == "created" && told.id == "" && len(ids[name]) == 1: // only the first ids are shown
			case told.result == "created" && !contains(ids[name], told.id), told.result != "created" && told.result != "unknown":
				t.Errorf("%s is said to be %s as %q; there is %v", name, told.result, told.id, ids[name])
			}
		}
		if unknown != part {
			t.Errorf("%d contacts are unknown, want those of the one request that was under way", unknown)
		}
		if again := w.ask(2, i); len(w.made().contacts) != len(there) || fmt.Sprint(again.parts) != fmt.Sprint(last.parts) {
			t.Error("the same call once more made more, or knows other things")
		}
	})
}
