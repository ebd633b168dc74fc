package modbus

import (
	"iter"

	"butlr-gateway/gateway"
)

// GatewayKind is the kind in the rows of a gateway's own points.
const GatewayKind = "gateway"

// ChecksumMeasure is the measure in the rows of the map checksum.
const ChecksumMeasure = "checksum"

// HeaderPoints yields where the header of the base unit is read, as points of the gateway of that id.
func HeaderPoints(id string, o MapOptions) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		row := Row{Asset: gateway.AssetID(id), Kind: GatewayKind, UnitID: o.UnitID, Access: readOnly}
		for _, t := range []Table{Input, Holding} {
			for k := range headerFields {
				f := &headerFields[k].field
				point := row.of(f, o.WordOrder).at(t, f.offset)
				if t == Holding && f.offset == watchdogRegister {
					point.Access = readWrite
				}
				if !yield(point) {
					return
				}
			}
		}
		for _, t := range []Table{Discrete, Coil} {
			for alarm := range gateway.Alarm(gateway.AlarmCount) {
				point := row.at(t, int(alarm))
				point.Measure, point.Type, point.Scale, point.Description = alarm.String(), "bool", 1, "the alarm is in force"
				if !yield(point) {
					return
				}
			}
		}
	}
}
