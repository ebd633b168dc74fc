package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/goburrow/modbus"
)

// line writes to the targets that share a connection, one request at a time.
type line struct {
	pusher  *Pusher
	link    *link
	targets []*target
	wake    chan struct{} // holds one token while there may be something new to do
}

// signal has the line look at its points. It never waits.
func (l *line) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends.
func (l *line) run(ctx context.Context) {
	defer l.link.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Stop()
		p, im, next := l.choose()
		if p != nil {
			if err := l.write(ctx, p, im); ctx.Err() == nil {
				l.settle(p, im, err)
				l.pusher.review(l)
			}
			continue
		}
		l.pusher.review(l)
		if next != never {
			timer.Reset(max(0, next-l.pusher.options.Clock().Mono))
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
	}
	if l.pusher.goodbye.Load() {
		l.sayGoodbye()
	}
}

// choose returns the point whose turn it is and what to write, or when to look again.
func (l *line) choose() (chosen *point, im image, next moment) {
	l.pusher.mu.Lock()
	defer l.pusher.mu.Unlock()
	now := l.pusher.options.Clock().Mono
	next = never
	for _, t := range l.targets {
		for _, p := range t.points {
			next = min(next, p.judge(now, &l.pusher.start))
			due := p.due()
			if due > now {
				next = min(next, due)
				continue
			}
			if chosen == nil || p.turn() < chosen.turn() {
				chosen = p
			}
		}
	}
	if chosen != nil {
		im = chosen.wanted
	}
	return chosen, im, next
}

// errDiffers is what a point says on reading back that holds something else than was written.
type errDiffers struct{ got, want []byte }

func (e errDiffers) Error() string {
	return fmt.Sprintf("holds % x after % x was written: something else writes it too, or the device limits it", e.got, e.want)
}

// errReadBack is an exception to reading back, after the write itself went well.
type errReadBack struct{ *modbus.ModbusError }

// write writes an image, and reads it back if that is wanted.
func (l *line) write(ctx context.Context, p *point, im image) error {
	t := p.target
	_, err := l.link.do(ctx, t.Unit, t.Timeout, func(c modbus.Client) ([]byte, error) { return p.write(c, im) })
	if err != nil || !p.ReadBack {
		return err
	}
	want := im.bytes(p.Type.registers())
	if p.Type == Bool {
		want = []byte{byte(im.words[0])}
	}
	got, err := l.link.do(ctx, t.Unit, t.Timeout, func(c modbus.Client) ([]byte, error) { return p.read(c, len(want)) })
	if refused, ok := errors.AsType[*modbus.ModbusError](err); ok {
		return errReadBack{refused}
	}
	if err != nil {
		return err
	}
	if p.Type == Bool {
		got[0] &= 1 // the rest of the byte is padding
	}
	if !bytes.Equal(got, want) {
		return errDiffers{got, want}
	}
	return nil
}

// write has the device take an image.
func (p *point) write(c modbus.Client, im image) ([]byte, error) {
	switch p.Function {
	case writeCoil:
		return c.WriteSingleCoil(p.Address, im.words[0]*0xFF00)
	case writeCoils:
		return c.WriteMultipleCoils(p.Address, 1, []byte{byte(im.words[0])})
	case writeRegister:
		return c.WriteSingleRegister(p.Address, im.words[0])
	}
	return c.WriteMultipleRegisters(p.Address, uint16(p.Type.registers()), im.bytes(p.Type.registers()))
}

// read asks the device what it has, which is so many bytes.
func (p *point) read(c modbus.Client, size int) (got []byte, err error) {
	if p.Type == Bool {
		got, err = c.ReadCoils(p.Address, 1)
	} else {
		got, err = c.ReadHoldingRegisters(p.Address, uint16(p.Type.registers()))
	}
	if err == nil && len(got) != size {
		err = fmt.Errorf("%w: %d bytes where %d were asked for", errNotModbus, len(got), size)
	}
	return got, err
}

// settle takes up what became of a write.
func (l *line) settle(p *point, im image, err error) {
	l.pusher.mu.Lock()
	defer l.pusher.mu.Unlock()
	now, t := l.pusher.options.Clock(), p.target
	differs, isDifferent := errors.AsType[errDiffers](err)
	unread, isUnread := errors.AsType[errReadBack](err)
	refused, isRefused := errors.AsType[*modbus.ModbusError](err)
	if err == nil || isDifferent || isUnread {
		t.answered = now.Timestamp()
		t.writes++
		t.counters.writes.Inc()
	}
	if _, unreachable := errors.AsType[errUnreachable](err); !unreachable {
		l.reached(t)
	}
	switch {
	case err == nil:
		t.works(now)
		p.wrote(im, now)
	case isDifferent:
		t.differs(p, differs.Error(), now)
	case isUnread:
		t.works(now)
		p.wrote(im, now)
		p.fault = fmt.Sprintf("was written, but cannot be read back (exception %d): write read_back = false", unread.ExceptionCode)
		t.excepted(p.fault, now)
	case isRefused:
		t.refuse(p, im, refused, exceptionWords(refused.ExceptionCode, &p.Point), now)
	default:
		l.fail(p, err)
	}
}

// reached takes up that the line could be opened for a target: the others on it need not wait.
func (l *line) reached(by *target) {
	for _, t := range l.targets {
		if t.absent && t != by {
			t.failures, t.cause, t.paused = 0, "", 0
			t.renew(l.pusher.options.Clock())
		}
		t.absent = false
	}
}

// fail takes up a request without an answer. A device that cannot be reached is that to all its units.
func (l *line) fail(p *point, err error) {
	now, words := l.pusher.options.Clock(), failureWords(err, &p.target.Target)
	p.waits = now.Mono
	p.target.errors++
	p.target.counters.errors.Inc()
	atLeast := time.Duration(0)
	if l.link.framing.nameless() {
		atLeast = p.target.Timeout // an answer that is still on its way must not meet the next request
	}
	if _, unreachable := errors.AsType[errUnreachable](err); unreachable {
		for _, t := range l.targets {
			t.absent = true
			t.failed(words, 0, now)
			t.paused = max(t.paused, p.target.paused)
		}
		return
	}
	p.doubt, p.settled = true, now.Mono+2*p.target.Timeout
	p.target.failed(words, atLeast, now)
	if atLeast == 0 && l.link.hadBefore {
		p.target.retry()
	}
}
