package mqtt

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestWords(t *testing.T) {
	network := func(cause error) error {
		address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: os.Getpid()}
		return fmt.Errorf("%w : %w", packets.ErrorNetworkError, &net.OpError{Op: "read", Net: "tcp", Source: address, Err: cause})
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{packets.ErrorRefusedBadUsernameOrPassword, refusedUser},
		{packets.ErrorRefusedNotAuthorised, refusedUser},
		{network(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "nothing listens at this address: start the broker or correct its address"},
		{network(os.ErrDeadlineExceeded), "the broker does not answer"},
		{network(io.EOF), "the broker ended the connection"},
		{network(os.NewSyscallError("read", syscall.ECONNRESET)), "the broker ended the connection"},
		{network(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "connect: no route to host"},
		{&net.DNSError{Name: "brocker", Err: "no such host"}, "the broker's host name brocker cannot be resolved: correct the address or the name server"},
		{errors.New("pingresp not received, disconnecting"), "the broker does not answer"},
		{errors.New("publish was broken by timeout"), "the broker does not answer"},
		{errStalled, "the broker accepts messages but no longer acknowledges them"},
		{errors.New("something else"), "something else"},
	} {
		if got := wordsOf(c.err); got != c.want {
			t.Errorf("%v becomes %q, want %q", c.err, got, c.want)
		}
	}
}
