package clerkapi_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/openapi"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// operationIn is an operation as a Go method performs it.
type operationIn struct{ ID, Method, Path string }

// withoutOperation are the methods that are no operation of their own.
var withoutOperation = map[string]string{"Messages.All": "goes through Messages.Find"}

// performed finds out what each method really does: by calling it, and looking at its request and
// its error.
func performed(t *testing.T) map[string]operationIn {
	t.Helper()
	found := map[string]operationIn{}
	for name, call := range calls {
		var op operationIn
		client := newClient(t, clerkapi.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			op.Method, op.Path = r.Method, strings.Replace(r.URL.Path, "/c1", "/{id}", 1)
			return &http.Response{StatusCode: 400, Body: http.NoBody, Request: r}, nil
		})}).As(clerkapi.APIKey("k"))
		_, err := call(t.Context(), client)
		op.ID = asError(t, err, clerkapi.ErrBadRequest).Operation
		found[name] = op
	}
	return found
}

func TestMethodsAndOperationsOfTheDocumentAreTheSame(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[operationIn]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			documented[operationIn{op.OperationID, method, path}] = true
		}
	}
	implemented := map[operationIn]bool{}
	for _, op := range performed(t) {
		implemented[op] = true
	}
	if diff := cmp.Diff(documented, implemented); diff != "" {
		t.Errorf("operations (-document +client):\n%s", diff)
	}
}

func TestTheTableOfOperationsIsWhatTheMethodsDo(t *testing.T) {
	t.Parallel()
	table := map[string]operationIn{}
	for _, op := range clerkapi.Operations() {
		table[op.Name] = operationIn{op.ID, op.Method, op.Path}
	}
	if diff := cmp.Diff(performed(t), table); diff != "" {
		t.Errorf("operations (-performed +table):\n%s", diff)
	}
}

func TestEveryMethodOfEveryServiceIsAnOperation(t *testing.T) {
	t.Parallel()
	services := reflect.TypeFor[clerkapi.Client]()
	methods := map[string]bool{}
	for i := range services.NumField() {
		field := services.Field(i)
		if !field.IsExported() {
			continue
		}
		for j := range field.Type.NumMethod() {
			methods[field.Name+"."+field.Type.Method(j).Name] = true
		}
	}
	if len(methods) == 0 {
		t.Fatal("no service was found")
	}
	for name := range methods {
		if calls[name] == nil && withoutOperation[name] == "" {
			t.Errorf("%s is in no operation: add it to calls, or to withoutOperation with its reason", name)
		}
	}
	for name := range calls {
		if !methods[name] {
			t.Errorf("%s is not a method", name)
		}
	}
}

// Who adds a field to a request struct must see it sent, and who adds one to the document must get
// it generated: the schemas and the structs have the same JSON names.
func TestModelsHaveTheFieldsOfTheirSchemas(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range []any{
		clerkapi.SendMessageRequest{}, clerkapi.Message{}, clerkapi.MessagePage{}, clerkapi.PageLinks{},
		clerkapi.ContactFields{}, clerkapi.CreateContactsRequest{}, clerkapi.UpdateContactRequest{}, clerkapi.Contact{},
		clerkapi.CreateCampaignRequest{}, clerkapi.Campaign{},
	} {
		typ := reflect.TypeOf(model)
		schema, fields := map[string]bool{}, map[string]bool{}
		for name := range doc.Components.Schemas[typ.Name()].Value.Properties {
			schema[name] = true
		}
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			fields[name] = true
		}
		if diff := cmp.Diff(schema, fields); diff != "" {
			t.Errorf("%s (-schema +struct):\n%s", typ.Name(), diff)
		}
	}
}
