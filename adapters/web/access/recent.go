package access

import "container/list"

// recent is a map of bounded size: of too many entries the one that was used longest ago goes. It is not
// safe for concurrent use.
type recent[Key comparable, Value any] struct {
	limit int
	gone  func(Value)           // is told of each value that is removed; may be nil
	of    map[Key]*list.Element // of entry
	order list.List             // the one used last is first
}

type entry[Key comparable, Value any] struct {
	key   Key
	value Value
}

func newRecent[Key comparable, Value any](limit int) *recent[Key, Value] {
	return &recent[Key, Value]{limit: limit, of: make(map[Key]*list.Element)}
}

// put adds a value.
func (r *recent[Key, Value]) put(key Key, value Value) {
	r.remove(key)
	if r.order.Len() >= r.limit {
		r.remove(r.order.Back().Value.(entry[Key, Value]).key)
	}
	r.of[key] = r.order.PushFront(entry[Key, Value]{key, value})
}

// get returns the value of a key, and makes it the one used last.
func (r *recent[Key, Value]) get(key Key) (Value, bool) {
	e, ok := r.of[key]
	if !ok {
		var none Value
		return none, false
	}
	r.order.MoveToFront(e)
	return e.Value.(entry[Key, Value]).value, true
}

func (r *recent[Key, Value]) remove(key Key) {
	e, ok := r.of[key]
	if !ok {
		return
	}
	r.order.Remove(e)
	delete(r.of, key)
	if r.gone != nil {
		r.gone(e.Value.(entry[Key, Value]).value)
	}
}
