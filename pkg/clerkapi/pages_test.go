package clerkapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// pages is an API of which each page has these ids; more pages are empty.
type pages struct {
	ids      [][]int
	envelope string // what comes after the data, with %d for the number of the page
	asked    []string
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked = append(p.asked, r.URL.RawQuery)
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil {
		http.Error(w, "no page", 400)
		return
	}
	var data []string
	if n <= len(p.ids) {
		for _, id := range p.ids[n-1] {
			data = append(data, fmt.Sprintf(`{"id":%d}`, id))
		}
	}
	_, _ = fmt.Fprintf(w, `{"data":[%s]%s}`, strings.Join(data, ","), strings.ReplaceAll(p.envelope, "%d", strconv.Itoa(n+1)))
}

// collect runs through everything and returns the ids.
func collect(t *testing.T, p *pages, params *clerkapi.FindMessagesParams) ([]clerkapi.ID, error) {
	t.Helper()
	var ids []clerkapi.ID
	for m, err := range serveFunc(t, clerkapi.Options{}, p.ServeHTTP).Messages.All(t.Context(), params) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, m.ID)
	}
	return ids, nil
}

func TestAllFindsTheEndOfThePages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		ids      [][]int
		envelope string
		first    int
		want     []clerkapi.ID
		requests int
	}{
		{"by total", [][]int{{1, 2}, {3, 4}, {5, 6}}, `,"total":4`, 0, []clerkapi.ID{"1", "2", "3", "4"}, 2},
		{"by total on a short page", [][]int{{1, 2}, {3}}, `,"total":3`, 0, []clerkapi.ID{"1", "2", "3"}, 2},
		{"by total from page 2", [][]int{{1, 2}, {3, 4}, {5}}, `,"total":5`, 2, []clerkapi.ID{"3", "4", "5"}, 2},
		{"by a total that a smaller page size needs more pages for", [][]int{{1}, {2}, {3}}, `,"total":3`, 0,
			[]clerkapi.ID{"1", "2", "3"}, 3},
		{"by the last link", [][]int{{1, 2}, {3, 4}}, `,"links":{"self":"/p","next":null}`, 0, []clerkapi.ID{"1", "2"}, 1},
		{"by an empty page, against links", [][]int{{1, 2}, {3}}, `,"total":1,"links":{"next":"/?page=%d"}`, 0,
			[]clerkapi.ID{"1", "2", "3"}, 3},
		{"by an empty page, against total", [][]int{{1, 2}, {3, 4}}, `,"total":1000`, 0, []clerkapi.ID{"1", "2", "3", "4"}, 3},
		{"by a short page", [][]int{{1, 2}, {3}, {4}}, ``, 0, []clerkapi.ID{"1", "2", "3"}, 2},
		{"at once", nil, `,"total":0`, 0, nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &pages{ids: tt.ids, envelope: tt.envelope}
			got, err := collect(t, p, &clerkapi.FindMessagesParams{Limit: 2, Page: tt.first})
			if err != nil || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, error %v; want %v", got, err, tt.want)
			}
			if len(p.asked) != tt.requests {
				t.Errorf("requests were %v, want %d", p.asked, tt.requests)
			}
		})
	}
}

func TestAllAsksForEachPageOnceWithTheSameFilter(t *testing.T) {
	t.Parallel()
	p := &pages{ids: [][]int{{1, 2}, {3, 4}, {5}}, envelope: `,"total":5`}
	params := &clerkapi.FindMessagesParams{InboxIds: []string{"a", "b"}}
	if _, err := collect(t, p, params); err != nil {
		t.Fatal(err)
	}
	want := []string{"inboxIds=a&inboxIds=b&limit=50&page=1", "inboxIds=a&inboxIds=b&limit=50&page=2",
		"inboxIds=a&inboxIds=b&limit=50&page=3"}
	if !slices.Equal(p.asked, want) {
		t.Errorf("requests were %v, want %v", p.asked, want)
	}
	if params.Page != 0 || params.Limit != 0 {
		t.Errorf("the caller's parameters became %+v", params)
	}
}

func TestAllYieldsAMessageThatMovedOnToTheNextPageOnce(t *testing.T) {
	t.Parallel()
	p := &pages{ids: [][]int{{1, 2}, {2, 3}, {3}}, envelope: `,"total":5`}
	got, err := collect(t, p, &clerkapi.FindMessagesParams{Limit: 2})
	if want := []clerkapi.ID{"1", "2", "3"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, error %v; want %v", got, err, want)
	}
}

func TestAllEndsWithAnErrorWhenTheSamePageComesAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := &pages{envelope: `,"links":{"next":"/?page=%d"}`}
	for range 100 {
		p.ids = append(p.ids, []int{1, 2})
	}
	got, err := collect(t, p, nil)
	_ = asError(t, err, clerkapi.ErrBadAnswer)
	if len(got) != 2 || len(p.asked) != 3 {
		t.Errorf("got %v after %d requests", got, len(p.asked))
	}
}

func TestAllYieldsAnErrorOnceAndStops(t *testing.T) {
	t.Parallel()
	requests, yields := 0, 0
	client := serveFunc(t, clerkapi.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 2 {
			w.WriteHeader(401)
			return
		}
		_, _ = w.Write([]byte(`{"data":[{"id":1}],"total":9}`))
	})
	for m, err := range client.Messages.All(t.Context(), nil) {
		if yields++; yields == 2 && (m != nil || !errors.Is(err, clerkapi.ErrUnauthorized)) {
			t.Errorf("second is %v, %v", m, err)
		}
	}
	if yields != 2 || requests != 2 {
		t.Errorf("%d yields, %d requests, want 2 and 2", yields, requests)
	}
}

func TestBreakingOutOfAllMakesNoFurtherRequest(t *testing.T) {
	t.Parallel()
	p := &pages{ids: [][]int{{1, 2}, {3, 4}}, envelope: `,"total":4`}
	all := serveFunc(t, clerkapi.Options{}, p.ServeHTTP).Messages.All(t.Context(), nil)
	for range 2 { // an iterator begins again each time
		for _, err := range all {
			if err != nil {
				t.Error(err)
			}
			break
		}
	}
	if want := []string{"limit=50&page=1", "limit=50&page=1"}; !slices.Equal(p.asked, want) {
		t.Errorf("requests were %v, want %v", p.asked, want)
	}
}
