package web_test

import (
	"context"
	"errors"
	"fmt"
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

// pipes is a listener without a network, whose connections hold not a byte.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.IPAddr{} }

// paced serves a handler at a pace, and gives a client's connection.
func paced(t *testing.T, pace *web.Pace, h http.HandlerFunc) net.Conn {
	t.Helper()
	l := pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: pace.Bodies(h)} //nolint:gosec // over pipes
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(pace.Listener(l))
	}()
	client, far := net.Pipe()
	l.conns <- far
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
		<-served
		time.Sleep(time.Minute) // net/http waits a moment for clients to read a last answer
	})
	return client
}

const getRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// answers has a handler write so many bytes, and tells how long it took and how that ended.
func answers(size int) (h http.HandlerFunc, ended chan error, took *time.Duration) {
	ended, took = make(chan error, 1), new(time.Duration)
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		_, err := io.WriteString(w, strings.Repeat("x", size))
		if err == nil {
			err = http.NewResponseController(w).Flush()
		}
		*took = time.Since(began)
		if err != nil && r.Context().Err() == nil {
			err = errors.New("the request goes on")
		}
		ended <- err
	}, ended, took
}

func TestAnswerThatNobodyReadsIsGivenUp(t *testing.T) {
	for name, hurry := range map[string]bool{"": false, "sooner when the process stops": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := web.NewPace(web.PaceOptions{})
				h, ended, took := answers(1 << 20)
				client := paced(t, pace, h)
				_, _ = io.WriteString(client, getRequest)
				synctest.Wait()
				want := 10 * time.Second
				if hurry {
					time.Sleep(time.Second)
					pace.Hurry(3 * time.Second)
					want = 4 * time.Second
				}
				if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || *took != want {
					t.Errorf("%v after %v, want %v", err, *took, want)
				}
			})
		})
	}
	t.Run("after the time that was set", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h, ended, took := answers(1 << 20)
			client := paced(t, web.NewPace(web.PaceOptions{Write: time.Minute}), h)
			_, _ = io.WriteString(client, getRequest)
			if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || *took != time.Minute {
				t.Errorf("%v after %v", err, *took)
			}
		})
	})
	t.Run("begun while the process stops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			pace := web.NewPace(web.PaceOptions{})
			h, ended, took := answers(1 << 20)
			client := paced(t, pace, h)
			pace.Hurry(3 * time.Second)
			_, _ = io.WriteString(client, getRequest)
			if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || *took != 3*time.Second {
				t.Errorf("%v after %v", err, *took)
			}
		})
	})
}

func TestAnswerThatIsReadSlowlyArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, ended, took := answers(1 << 20)
		client := paced(t, web.NewPace(web.PaceOptions{}), h)
		_, _ = io.WriteString(client, getRequest)
		go func() {
			for piece := make([]byte, 64<<10); ; {
				time.Sleep(8 * time.Second)
				if _, err := io.ReadFull(client, piece); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if err := <-ended; err != nil || *took < 2*time.Minute {
			t.Errorf("%v after %v", err, *took)
		}
	})
}

func TestStreamMayBeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := paced(t, web.NewPace(web.PaceOptions{}), func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "event")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Hour):
				case <-r.Context().Done():
				}
			}
			_, _ = io.WriteString(w, "the end")
		})
		go func() { _, _ = io.WriteString(client, "GET / HTTP/1.0\r\n\r\n") }()
		all, err := io.ReadAll(client)
		if err != nil || !strings.Contains(string(all), "the end") {
			t.Errorf("%q %v", all, err)
		}
	})
}

// upload sends a body in pieces, with a pause before each.
func upload(client io.Writer, length, pieces, size int, pause time.Duration) {
	_, _ = fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", length)
	for range pieces {
		time.Sleep(pause)
		if _, err := io.WriteString(client, strings.Repeat("x", size)); err != nil {
			return
		}
	}
}

func TestBodyThatStallsIsGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name         string
		pieces, size int
		pause, wait  time.Duration // wait: before the body is read
		hurry        bool
		late         bool
		took         time.Duration
		opts         web.PaceOptions
	}{
		{"nothing comes", 0, 0, 0, 0, false, true, 10 * time.Second, web.PaceOptions{}},
		{"it stops", 1, 100 << 10, 0, 0, false, true, 10 * time.Second, web.PaceOptions{}},
		{"it dribbles", 1000, 1, 9 * time.Second, 0, false, true, 10 * time.Second, web.PaceOptions{}},
		{"it dribbles, and may for longer", 1000, 1, 9 * time.Second, 0, false, true, 25 * time.Second, web.PaceOptions{Body: 25 * time.Second}},
		{"it is slow", 32, 32 << 10, 900 * time.Millisecond, 0, false, false, 28800 * time.Millisecond, web.PaceOptions{}},
		{"its request waits first", 1, 1 << 20, 0, time.Minute, false, false, time.Minute, web.PaceOptions{}},
		{"the process stops", 0, 0, 0, 0, true, true, 3 * time.Second, web.PaceOptions{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := web.NewPace(tt.opts)
				if tt.hurry {
					pace.Hurry(3 * time.Second)
				}
				ended := make(chan error, 1)
				client := paced(t, pace, func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(tt.wait)
					_, err := io.ReadAll(r.Body)
					if err != nil {
						w.WriteHeader(http.StatusRequestTimeout)
					}
					ended <- err
				})
				began := time.Now()
				go upload(client, 1<<20, tt.pieces, tt.size, tt.pause)
				err := <-ended
				if late := errors.Is(err, os.ErrDeadlineExceeded); late != tt.late || !late && err != nil {
					t.Errorf("ended with %v", err)
				}
				if took := time.Since(began); took/time.Second != tt.took/time.Second {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if answer, err := readAnswer(client); tt.late && (err != nil || !strings.Contains(answer, "408") || !strings.Contains(answer, "Connection: close")) {
					t.Errorf("%q %v", answer, err)
				}
			})
		})
	}
}

// readAnswer reads the headers of an answer.
func readAnswer(client io.Reader) (string, error) {
	var answer []byte
	for piece := make([]byte, 1); !strings.HasSuffix(string(answer), "\r\n\r\n"); {
		if _, err := client.Read(piece); err != nil {
			return string(answer), err
		}
		answer = append(answer, piece[0])
	}
	return string(answer), nil
}

func TestBodyThatStallsAlreadyIsGivenUpWhenStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace, ended := web.NewPace(web.PaceOptions{}), make(chan error, 1)
		client := paced(t, pace, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			ended <- err
		})
		began := time.Now()
		go upload(client, 1<<20, 1, 100, 0)
		synctest.Wait()
		pace.Hurry(3 * time.Second)
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestCallMayTakeLongAfterItsBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan error, 1)
		client := paced(t, web.NewPace(web.PaceOptions{}), func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			_, _ = r.Body.Read(make([]byte, 1)) // beyond its end, which must not set a deadline
			select {
			case <-r.Context().Done():
			case <-time.After(time.Hour):
			}
			gone <- context.Cause(r.Context())
		})
		go upload(client, 10, 1, 10, 0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		select {
		case err := <-gone:
			t.Fatalf("the request ended by itself: %v", err)
		default:
		}
		_ = client.Close()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("nobody noticed that the client went away: %v", err)
		}
	})
}
