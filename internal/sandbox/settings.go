package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// settings are how the sandbox behaves, as they are in JSON. A reset restores those of [Options].
type settings struct {
	Lenient           bool `json:"lenient"`             // takes what no carrier would
	RequestsPerSecond int  `json:"requests_per_second"` // of a team; 0 is any number
}

// most of what a control may make at once, so that no script fills the memory by a slip.
const mostMade = 10_000

func (s *Sandbox) showSettings(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	shown := *s.settings
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, shown})
}

// changeSettings changes what the request names.
func (s *Sandbox) changeSettings(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	changed := *s.settings
	s.mu.Unlock()
	err := readControl(w, r, &changed, "lenient, requests_per_second")
	if err == nil && changed.RequestsPerSecond < 0 {
		err = fmt.Errorf("requests_per_second is %d; it must not be negative", changed.RequestsPerSecond)
	}
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	*s.settings = changed
	s.mu.Unlock()
	s.showSettings(w, r)
}

// readControl reads the one JSON object of a control. fields are those there are.
func readControl(w http.ResponseWriter, r *http.Request, into any, fields string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return fmt.Errorf("the request body could not be read: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("the request body does not fit: %s; fields are %s", strings.TrimPrefix(err.Error(), "json: "), fields)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the object; send one JSON object")
	}
	return nil
}

// overRate counts a request of a team and gives how many seconds it has to wait, if it came too
// early. Seconds are those of the sandbox's clock.
func (s *Sandbox) overRate(team string) (wait int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stores[team]
	if second := s.present().Truncate(time.Second); !second.Equal(st.second) {
		st.second, st.requests = second, 0
	}
	if limit := s.settings.RequestsPerSecond; limit > 0 && st.requests >= limit {
		return 1
	}
	st.requests++
	return 0
}

// wantedClock is where the clock is to go, in one of two ways.
type wantedClock struct {
	Now     time.Time `json:"now"`
	Advance string    `json:"advance"` // as of time.ParseDuration, such as 90m
}

func (s *Sandbox) showClock(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	now := s.present()
	s.mu.Unlock()
	s.write(w, answer{http.StatusOK, map[string]any{"now": now}})
}

// moveClock moves the clock ahead. It goes on from there, and what is due by then is carried out.
// Not back: what was made would be of the future.
func (s *Sandbox) moveClock(w http.ResponseWriter, r *http.Request) {
	var to wantedClock
	err := readControl(w, r, &to, "now, advance")
	var by time.Duration
	switch {
	case err != nil:
	case (to.Advance == "") == to.Now.IsZero():
		err = errors.New(`send either "now", a date-time, or "advance", such as "90m"`)
	case to.Advance != "":
		if by, err = time.ParseDuration(to.Advance); err != nil {
			err = errors.New(`advance must be a duration such as "90m" or "24h"`)
		}
	}
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	if to.Advance == "" {
		by = to.Now.Sub(s.present())
	}
	const longest = 100 * 365 * 24 * time.Hour
	fits := by >= 0 && by <= longest-s.ahead
	if fits {
		s.ahead += by
		for _, st := range s.stores {
			st.advance(s.present())
		}
	}
	s.mu.Unlock()
	if !fits {
		s.write(w, refuse(http.StatusUnprocessableEntity, "the clock only goes ahead, by 100 years at most"))
		return
	}
	s.showClock(w, r)
}
