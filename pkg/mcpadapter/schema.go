package mcpadapter

import (
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

// The words that input schemas are written with. The input schema of a tool is in the file of the
// tool, such as send_message.go.

// The schemas are written here by hand, with one word per keyword. They use no references and no
// alternatives, which some clients cannot read, and no format or limit that would refuse what the
// tools accept.

// property is one member of an object's schema.
type property struct {
	name     string
	required bool
	schema   *jsonschema.Schema
}

func required(name string, s *jsonschema.Schema) property { return property{name, true, s} }

func optional(name string, s *jsonschema.Schema) property { return property{name, false, s} }

// closed is an object that has these members and no others.
func closed(description string, properties ...property) *jsonschema.Schema {
	s := open(description, properties...)
	s.AdditionalProperties = &jsonschema.Schema{Not: &jsonschema.Schema{}} // written as false
	return s
}

// open is an object that may have more members than these. Results are open, so that a client that
// keeps definitions for a while accepts what a newer gateway adds.
func open(description string, properties ...property) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type: "object", Description: description, Properties: map[string]*jsonschema.Schema{},
	}
	for _, p := range properties {
		s.Properties[p.name] = p.schema
		s.PropertyOrder = append(s.PropertyOrder, p.name)
		if p.required {
			s.Required = append(s.Required, p.name)
		}
	}
	return s
}

type schemaOption func(*jsonschema.Schema)

func typed(kind, description string, options []schemaOption) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: kind, Description: description}
	for _, option := range options {
		option(s)
	}
	return s
}

func text(description string, options ...schemaOption) *jsonschema.Schema {
	return typed("string", description, options)
}

func integer(description string, options ...schemaOption) *jsonschema.Schema {
	return typed("integer", description, options)
}

func boolean(description string) *jsonschema.Schema { return typed("boolean", description, nil) }

func list(description string, items *jsonschema.Schema, options ...schemaOption) *jsonschema.Schema {
	s := typed("array", description, options)
	s.Items = items
	return s
}

// freeObject is an object of whatever members.
func freeObject(description string) *jsonschema.Schema { return typed("object", description, nil) }

func format(name string) schemaOption { return func(s *jsonschema.Schema) { s.Format = name } }

func minimum(n float64) schemaOption { return func(s *jsonschema.Schema) { s.Minimum = &n } }

func maximum(n float64) schemaOption { return func(s *jsonschema.Schema) { s.Maximum = &n } }

func minLength(n int) schemaOption { return func(s *jsonschema.Schema) { s.MinLength = &n } } //nolint:unparam // reads as the schema does

func maxLength(n int) schemaOption { return func(s *jsonschema.Schema) { s.MaxLength = &n } }

func minItems(n int) schemaOption { return func(s *jsonschema.Schema) { s.MinItems = &n } }

// maxItems bounds a list; 0 does not.
func maxItems(n int) schemaOption {
	return func(s *jsonschema.Schema) {
		if n > 0 {
			s.MaxItems = &n
		}
	}
}

func byDefault(value int) schemaOption {
	return func(s *jsonschema.Schema) { s.Default = json.RawMessage(fmt.Sprint(value)) }
}

func oneOf(values ...string) schemaOption {
	return func(s *jsonschema.Schema) {
		for _, v := range values {
			s.Enum = append(s.Enum, v)
		}
	}
}

func examples(values ...any) schemaOption { return func(s *jsonschema.Schema) { s.Examples = values } }
