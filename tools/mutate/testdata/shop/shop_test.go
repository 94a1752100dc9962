package shop

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestNew(t *testing.T) {
	now := time.Unix(1000, 0)
	o, err := New(" tea ", "x", now)
	if err != nil || o.Name != "tea" || !o.Until.Equal(now.Add(2*time.Hour)) {
		t.Fatal(o, err)
	}
	if _, err := New(" ", "x", now); !errors.Is(err, ErrEmpty) {
		t.Fatal(err)
	}
}

func TestNumbers(t *testing.T) {
	if !Small(8) || Small(9) || Small(30) || !Tiny(0) || Tiny(20) || Less(7, 3) != 4 || Wait(3) != 0 {
		t.Fatal("wrong")
	}
}

func TestWords(t *testing.T) {
	if !Both(true, true) || Both(true, false) || Both(false, true) || Both(false, false) {
		t.Fatal("both")
	}
	if !Either(true, true) || Either(false, false) {
		t.Fatal("either")
	}
	if Join("a", "a") != "aa" || !Starts("ab", "a") || Starts("ab", "abc") || Starts("xa", "x") {
		t.Fatal("words")
	}
}

func TestMust(t *testing.T) {
	if Must(nil) != 1 || os.Getenv("SHOP_FAILS") != "" {
		t.Fatal("wrong")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Must(ErrEmpty)
}
