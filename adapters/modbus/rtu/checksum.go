package rtu

// polynomial is that of CRC-16/MODBUS, the lowest bit first (V1.02, section 6.2.2).
const polynomial = 0xA001

var table = func() (t [256]uint16) {
	for i := range t {
		sum := uint16(i)
		for range 8 {
			odd := sum&1 == 1
			if sum >>= 1; odd {
				sum ^= polynomial
			}
		}
		t[i] = sum
	}
	return t
}()

// Checksum returns the checksum of a frame that has none yet.
func Checksum(frame []byte) uint16 {
	sum := uint16(0xFFFF)
	for _, b := range frame {
		sum = step(sum, b)
	}
	return sum
}

// step adds one byte to a checksum. Over a frame and its own checksum it comes to 0.
func step(sum uint16, b byte) uint16 { return sum>>8 ^ table[byte(sum)^b] }

// AppendChecksum returns a frame with its checksum behind it.
func AppendChecksum(frame []byte) []byte {
	sum := Checksum(frame)
	return append(frame, byte(sum), byte(sum>>8))
}

// Intact tells whether a frame ends with its checksum.
func Intact(frame []byte) bool {
	return len(frame) >= MinFrame && Checksum(frame) == 0
}
