package endpoint

import "net/http"

// NewRevocable gives the writer of a call's answer and what takes the answer back.
func NewRevocable(w http.ResponseWriter, refuse func(error)) (http.ResponseWriter, func(error)) {
	rw := &revocable{ResponseWriter: w, refuse: refuse}
	return rw, func(err error) { rw.lost.Store(&err) }
}

// MoreThan counts the elements of an array.
var MoreThan = moreThan
