package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// document is the REST document, ready to check requests and answers against.
type document struct {
	paths   map[string]map[string]*routers.Route // by path, in the syntax of ServeMux too, and method
	options *openapi3filter.Options
}

func parseDocument(data []byte) (*document, error) {
	parsed, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	if err := parsed.Validate(context.Background()); err != nil {
		return nil, err
	}
	d := &document{paths: make(map[string]map[string]*routers.Route)}
	for path, item := range parsed.Paths.Map() {
		d.paths[path] = make(map[string]*routers.Route)
		for method, op := range item.Operations() {
			d.paths[path][method] = &routers.Route{
				Spec: parsed, Path: path, PathItem: item, Method: method, Operation: op,
			}
		}
	}
	d.options = &openapi3filter.Options{
		MultiError:            true,
		IncludeResponseStatus: true,
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc, // that is done before, for every scheme
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidator("uuid",
			openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122))},
	}
	return d, nil
}

// operations lists the operationIds, sorted.
func (d *document) operations() []string {
	var names []string
	for _, methods := range d.paths {
		for _, route := range methods {
			names = append(names, route.Operation.OperationID)
		}
	}
	slices.Sort(names)
	return names
}

// changing lists the operationIds of those that change something, sorted.
func (d *document) changing() []string {
	var names []string
	for _, methods := range d.paths {
		for method, route := range methods {
			if method != http.MethodGet {
				names = append(names, route.Operation.OperationID)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (d *document) has(operation string) bool { return slices.Contains(d.operations(), operation) }

// checkRequest says what of a request violates the document, a line each; none if it fits.
func (d *document) checkRequest(r *http.Request, route *routers.Route, body []byte) violations {
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return explain(openapi3filter.ValidateRequest(r.Context(), d.input(r, route)))
}

// checkAnswer does the same with an answer.
func (d *document) checkAnswer(r *http.Request, route *routers.Route, status int, body []byte) violations {
	return explain(openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: d.input(r, route),
		Status:                 status,
		Header:                 http.Header{"Content-Type": {jsonType}},
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                d.options,
	}))
}

func (d *document) input(r *http.Request, route *routers.Route) *openapi3filter.RequestValidationInput {
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, Options: d.options}
	in.PathParams = map[string]string{"id": r.PathValue("id")}
	return in
}

// violation is one thing that does not fit: where it is, and why. It never carries a value.
type violation struct {
	field  string // names and indexes, with dots; "" is the whole
	kind   string // the keyword of the schema that was violated, if it is one
	reason string
}

func (v violation) String() string {
	switch {
	case v.kind == "required":
		return v.field + " is required"
	case v.field == "":
		return v.reason
	}
	return v.field + ": " + v.reason
}

type violations []violation

func (vs violations) lines() []string {
	lines := make([]string, len(vs))
	for i, v := range vs {
		lines[i] = v.String()
	}
	return lines
}

func (vs violations) String() string { return strings.Join(vs.lines(), "; ") }

// explain takes the validator's errors apart. Their own texts quote the values.
func explain(err error) violations {
	var found violations
	add := func(field, kind, reason string) { found = append(found, violation{field, kind, reason}) }
	var walk func(err error, at string)
	walk = func(err error, at string) {
		switch e := err.(type) { //nolint:errorlint // a tree is walked down, level by level
		case openapi3.MultiError:
			for _, one := range e {
				walk(one, at)
			}
		case *openapi3filter.RequestError:
			if e.Parameter != nil {
				at = e.Parameter.Name
			}
			walk(e.Err, at)
		case *openapi3filter.ResponseError:
			if e.Err == nil {
				add(at, "", e.Reason)
				return
			}
			walk(e.Err, at)
		case *openapi3.SchemaError:
			path := e.JSONPointer()
			if at != "" {
				path = append([]string{at}, path...)
			}
			add(strings.Join(path, "."), e.SchemaField, e.Reason)
		case *openapi3filter.ParseError:
			add(at, "", cmp.Or(e.Reason, "has the wrong form"))
		default:
			if errors.Is(err, openapi3filter.ErrInvalidRequired) || errors.Is(err, openapi3filter.ErrInvalidEmptyValue) {
				add(at, "", err.Error())
				return
			}
			add(at, "", "does not fit the document")
		}
	}
	if err != nil {
		walk(err, "")
	}
	return found
}
