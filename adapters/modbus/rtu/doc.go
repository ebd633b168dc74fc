// Package rtu knows the frames of Modbus on a serial line (MODBUS over Serial Line V1.02, section 2.5.1):
//
//	unit id   function code and data   checksum
//	1 byte    1 to 253 bytes           2 bytes, the low one first
//
// A frame says nowhere how long it is. On the line a silence of 3.5 characters ends it, but neither a
// network nor the drivers of most adapters keep such silences. So a frame is cut by what its function code
// says about its length, and believed when its checksum is right; silence only helps to find the next
// beginning after something that was no frame.
package rtu
