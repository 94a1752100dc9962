package differential

import (
	"flag"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the differences that there are into "+table+", with the reasons that it has")

// atOnce is how many requests are under way at once.
const atOnce = 8

// answers sends the whole corpus to a server.
func answers(t *testing.T, s *server, all []Request) map[string]string {
	t.Helper()
	got := map[string]string{}
	var mu sync.Mutex
	var sending sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for _, r := range all {
		turns <- struct{}{}
		sending.Go(func() {
			defer func() { <-turns }()
			answer := s.answer(t, r)
			mu.Lock()
			defer mu.Unlock()
			got[r.Name] = answer
		})
	}
	sending.Wait()
	return got
}

func TestGatewayAnswersAsOtherServers(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	start := lanes[*lane]
	if start == nil {
		t.Fatalf("there is no lane %q", *lane)
	}
	others := map[string]*server{"typescript": {startTypeScript(t)}, "go": {startGoSDK(t)}}
	ours := answers(t, &server{start(t)}, all)
	found := map[difference]bool{}
	same := 0
	for name, s := range others {
		for request, theirs := range answers(t, s, all) {
			if theirs == ours[request] {
				same++
				continue
			}
			found[difference{name, ours[request], theirs, request}] = true
		}
	}
	t.Logf("%d requests, %d answers alike, %d different", len(all), same, len(found))
	preamble, groups := readTable(t, table)
	if *update {
		writeTable(t, table, preamble, groups, found)
		_, groups = readTable(t, table)
	}
	for _, fault := range judge(groups, found) {
		t.Error(fault)
	}
}
