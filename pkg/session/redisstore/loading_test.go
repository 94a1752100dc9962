package redisstore_test

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// A server that reads its data from disk, or a cluster that has no majority, answers every command
// with an error of its own kind. Neither means that something is not there.
func TestAnAnswerThatItCannotServeYetIsUnavailable(t *testing.T) {
	for kind, line := range map[string]string{
		"loading": "-LOADING Redis is loading the dataset in memory\r\n",
		"cluster": "-CLUSTERDOWN The cluster is down\r\n",
	} {
		t.Run(kind, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go answerEverything(c, line)
				}
			}()
			store, err := redisstore.Open("redis://"+l.Addr().String(), redisstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, found, err := store.Sessions().Get(t.Context(), "name")
				if found || !errors.Is(err, redisstore.ErrUnavailable) {
					t.Errorf("found %v, error %v", found, err)
				}
				if err != nil && strings.Contains(err.Error(), "dataset") {
					t.Errorf("the server's words are in the error: %v", err)
				}
			}
			_ = store.Close()
			_ = l.Close()
			<-done
		})
	}
}

// answerEverything answers each command, whose first line says how many lines of text it has.
func answerEverything(c net.Conn, line string) {
	defer func() { _ = c.Close() }()
	for r := bufio.NewReader(c); ; {
		head, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if strings.HasPrefix(head, "*") {
			if _, err := c.Write([]byte(line)); err != nil {
				return
			}
		}
	}
}
