package operator

import "io"

// Streams are where a command writes: results to Out, logs and advice to Err.
type Streams struct{ Out, Err io.Writer }

// UsageError is a mistake of whoever called the command.
type UsageError struct{ error }

// Usage makes an error the caller's mistake; nil stays nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return UsageError{err}
}

func (e UsageError) Unwrap() error { return e.error }
