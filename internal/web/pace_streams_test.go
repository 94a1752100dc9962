package web_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

// window is how much of an answer a client takes without reading it.
const window = 64 << 10

// streams serves a handler over HTTP/2 at a pace, and gives a client with one connection.
func streams(t *testing.T, pace *web.Pace, h http.Handler) *http.Client {
	t.Helper()
	l := pipes{make(chan net.Conn), make(chan struct{})}
	var clear http.Protocols
	clear.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: pace.Streams(pace.Bodies(h)), Protocols: &clear} //nolint:gosec // over pipes
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(pace.Listener(l))
	}()
	transport := &http.Transport{
		Protocols: &clear, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: window, MaxReceiveBufferPerConnection: 1 << 20},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, far := net.Pipe()
			l.conns <- far
			return client, nil
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
		time.Sleep(time.Minute)
	})
	return &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.ProtoMajor != 2 {
		t.Fatalf("answered over %s", resp.Proto)
	}
	return resp
}

func TestAStreamThatNobodyReadsIsGivenUpAlone(t *testing.T) {
	for name, hurry := range map[string]bool{"": false, "sooner when the process stops": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := web.NewPace(web.PaceOptions{Write: 20 * time.Second})
				big, ended, took := answers(1 << 20)
				mux := http.NewServeMux()
				mux.Handle("/big", big)
				mux.HandleFunc("/small", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "small") })
				client := streams(t, pace, mux)
				_ = get(t, client, "/big")
				synctest.Wait()
				if data, err := io.ReadAll(get(t, client, "/small").Body); string(data) != "small" || err != nil {
					t.Errorf("beside it: %q %v", data, err)
				}
				longest := 21 * time.Second
				if hurry {
					pace.Hurry(3 * time.Second)
					longest = 4 * time.Second
				}
				if err := <-ended; err == nil || err.Error() == "the request goes on" || *took > longest {
					t.Errorf("after %s: %v", *took, err)
				}
				if data, err := io.ReadAll(get(t, client, "/small").Body); string(data) != "small" || err != nil {
					t.Errorf("after it: %q %v", data, err)
				}
			})
		})
	}
}

func TestTheEndOfAStreamThatNobodyReadsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		client := streams(t, web.NewPace(web.PaceOptions{Write: 20 * time.Second}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", window+100)) // net/http keeps the end of it back
			context.AfterFunc(r.Context(), func() { close(gone) })
		}))
		resp := get(t, client, "/")
		time.Sleep(22 * time.Second)
		if data, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("all %d bytes came", len(data))
		}
		<-gone
	})
}

func TestASlowAndASilentStreamGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := http.NewServeMux()
		big, ended, _ := answers(1 << 20)
		mux.Handle("/slow", big)
		mux.HandleFunc("/silent", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "first")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, " last")
		})
		client := streams(t, web.NewPace(web.PaceOptions{Write: 20 * time.Second}), mux)
		silent := get(t, client, "/silent")
		slow := get(t, client, "/slow").Body
		read, part := 0, make([]byte, window/2)
		for {
			time.Sleep(4 * time.Second)
			n, err := io.ReadFull(slow, part)
			read += n
			if err != nil {
				break
			}
		}
		if err := <-ended; read != 1<<20 || err != nil {
			t.Errorf("slow: %d bytes, %v", read, err)
		}
		if data, err := io.ReadAll(silent.Body); string(data) != "first last" || err != nil {
			t.Errorf("silent: %q %v", data, err)
		}
	})
}

func TestABodyThatStallsEndsItsStreamOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := streams(t, web.NewPace(web.PaceOptions{Write: 20 * time.Second}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); errors.Is(err, os.ErrDeadlineExceeded) {
				w.WriteHeader(http.StatusRequestTimeout)
			}
		}))
		body, stalled := io.Pipe()
		go func() { _, _ = stalled.Write([]byte("a")) }()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://gateway/", body)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestTimeout || time.Since(began) > 11*time.Second {
			t.Errorf("%d after %s", resp.StatusCode, time.Since(began))
		}
		if resp := get(t, client, "/"); resp.StatusCode != http.StatusOK {
			t.Errorf("after it: %d", resp.StatusCode)
		}
		_ = stalled.Close()
	})
}
