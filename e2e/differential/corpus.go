package differential

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// The eras that a request may be of.
const (
	Legacy = "legacy"
	Modern = "modern"
)

// A Request of the corpus, before what belongs to one server is filled in.
type Request struct {
	Name, Era   string
	Method      string
	Query       string
	Header      http.Header
	Body        string
	Gzip        bool
	PaddedBytes int
}

//go:embed corpus/*.http
var files embed.FS

// defaults are the headers of a request that says nothing else.
var defaults = map[string]http.Header{
	Legacy: {
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2025-11-25"}, "Mcp-Session-Id": {"$SESSION"},
	},
	Modern: {
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"},
	},
}

// meta is $META: what a modern request says of its client.
var meta = map[string]map[string]any{
	Legacy: {},
	Modern: {
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "corpus", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	},
}

// Load reads the corpus. A file is a sentence of what it is about, and requests:
//
//	=== name (legacy, modern or both)
//	Header: value       in the place of the era's; "value" in quotes has spaces around it
//	+Header: value      besides it
//	-Header             without it
//	:method DELETE      also :query, :gzip, :pad BYTES, and :body "as Go writes it"
//
//	{"body": "with $META, $META+{…}, $LONG and $DEEP"}
//
// $SESSION and $ENDED stay for whoever sends: the ids of a session that is open, and of one that
// was ended. Mcp-Method and Mcp-Name of a modern request are those of its body.
func Load() ([]Request, error) {
	var all []Request
	names, err := fs.Glob(files, "corpus/*.http")
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, part := range strings.Split(string(data), "\n=== ")[1:] {
			title, rest, _ := strings.Cut(part, "\n")
			title, eras, ok := strings.Cut(strings.TrimSuffix(title, ")"), " (")
			if !ok {
				return nil, fmt.Errorf("%s: %q does not say its era", name, title)
			}
			of := []string{eras}
			if eras == "both" {
				of = []string{Legacy, Modern}
			}
			for _, era := range of {
				r, err := parse(era, rest)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", name, title, err)
				}
				if r.Name = era + ": " + title; seen[r.Name] {
					return nil, fmt.Errorf("%s: %s is there twice", name, r.Name)
				}
				seen[r.Name] = true
				all = append(all, *r)
			}
		}
	}
	return all, nil
}

func parse(era, text string) (*Request, error) {
	if defaults[era] == nil {
		return nil, fmt.Errorf("there is no era %q", era)
	}
	head, body, _ := strings.Cut("\n"+text, "\n\n")
	r := &Request{Era: era, Method: http.MethodPost, Header: defaults[era].Clone(), Body: strings.TrimSpace(body)}
	set := map[string]bool{}
	for line := range strings.Lines(head) {
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if quoted, err := strconv.Unquote(value); err == nil {
			value = quoted
		}
		value = strings.ReplaceAll(value, "$VERSION", defaults[era].Get("Mcp-Protocol-Version"))
		switch {
		case line == "":
		case line[0] == ':':
			if err := r.direct(line[1:]); err != nil {
				return nil, err
			}
		case line[0] == '-':
			r.Header.Del(line[1:])
			set[http.CanonicalHeaderKey(line[1:])] = true
		case line[0] == '+':
			r.Header.Add(name[1:], value)
		default:
			r.Header.Set(name, value)
			set[http.CanonicalHeaderKey(name)] = true
		}
	}
	var err error
	if r.Body, err = fill(era, r.Body); err != nil {
		return nil, err
	}
	if era == Modern && r.Method == http.MethodPost {
		mirror(r, set)
	}
	return r, nil
}

// direct reads a line that is not a header: a directive of the corpus.
func (r *Request) direct(line string) (err error) {
	what, value, _ := strings.Cut(line, " ")
	switch what {
	case "method":
		r.Method = value
	case "query":
		r.Query = value
	case "gzip":
		r.Gzip = true
		r.Header.Set("Content-Encoding", "gzip")
	case "pad":
		r.PaddedBytes, err = strconv.Atoi(value)
	case "body":
		r.Body, err = strconv.Unquote(strings.ReplaceAll(value, "$META", `\x00META`))
		r.Body = strings.ReplaceAll(r.Body, "\x00META", "$META")
	default:
		err = errors.New("there is no :" + what)
	}
	return err
}

// fill puts what they stand for into the place of words with a dollar.
func fill(era, body string) (string, error) {
	body = strings.NewReplacer("$LONG", strings.Repeat("long ", 400), "$DEEP", strings.Repeat("[", 200)+strings.Repeat("]", 200)).Replace(body)
	for {
		before, after, found := strings.Cut(body, "$META")
		if !found {
			return body, nil
		}
		all := maps.Clone(meta[era])
		if more, ok := strings.CutPrefix(after, "+"); ok {
			var added map[string]any
			d := json.NewDecoder(strings.NewReader(more))
			if err := d.Decode(&added); err != nil {
				return "", err
			}
			maps.Copy(all, added)
			after = more[d.InputOffset():]
		}
		data, err := json.Marshal(all)
		if err != nil {
			return "", err
		}
		body = before + string(data) + after
	}
}

// mirror gives a modern request the headers that repeat its body, unless it says something else.
func mirror(r *Request, set map[string]bool) {
	var m struct {
		Method any            `json:"method"`
		Params map[string]any `json:"params"`
	}
	_ = json.Unmarshal([]byte(r.Body), &m) // what can be read of it
	if method, ok := m.Method.(string); ok && !set["Mcp-Method"] {
		r.Header["Mcp-Method"] = slices.Insert(r.Header["Mcp-Method"], 0, method)
		member := map[string]string{"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}[method]
		if name, ok := m.Params[member].(string); ok && !set["Mcp-Name"] {
			r.Header["Mcp-Name"] = slices.Insert(r.Header["Mcp-Name"], 0, name)
		}
	}
	if method, ok := m.Method.(string); ok && set["Mcp-Method"] && !set["Mcp-Name"] && method == "tools/call" {
		if name, ok := m.Params["name"].(string); ok {
			r.Header["Mcp-Name"] = slices.Insert(r.Header["Mcp-Name"], 0, name)
		}
	}
}

// Bytes are those of the body as they are sent.
func (r *Request) Bytes() []byte {
	body := []byte(r.Body)
	if r.PaddedBytes > 0 {
		body = append(bytes.Repeat([]byte{' '}, r.PaddedBytes), body...)
	}
	if !r.Gzip {
		return body
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // into memory
	_ = w.Close()
	return b.Bytes()
}
