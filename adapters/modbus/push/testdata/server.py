"""A controller made of pymodbus: units 5 and 6, coils 0 to 63, registers 1700 to 1763.

    server.py tcp PORT | rtuovertcp PORT | serial PATH

Standard output tells "ready PORT VERSION", and then each write: unit, function, address, values.
"""
import asyncio
import sys

import pymodbus
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def device(unit):
    bits, registers = DataType.BITS, DataType.REGISTERS
    return SimDevice(
        id=unit,
        simdata=(
            [SimData(0, count=64, datatype=bits)],
            [SimData(0, datatype=bits)],
            [SimData(1700, count=64, datatype=registers)],
            [SimData(0, datatype=registers)],
        ),
    )


def trace(sending, pdu):
    if not sending and pdu.dev_id in (5, 6) and pdu.function_code in (5, 6, 15, 16):
        values = pdu.bits[:1] if pdu.function_code in (5, 15) else pdu.registers
        print(pdu.dev_id, pdu.function_code, pdu.address, *[int(v) for v in values], flush=True)
    return pdu


def hush(sending, frame):
    """Other units are silent; pymodbus would answer for them with an exception."""
    return b"" if sending and frame[0] not in (5, 6) else frame


async def main():
    how, where = sys.argv[1:]
    units = [device(5), device(6)]
    if how == "serial":  # a pseudo-terminal has no parity
        server = ModbusSerialServer(
            units, framer=FramerType.RTU, port=where, baudrate=19200, parity="N", trace_pdu=trace, trace_packet=hush
        )
    else:
        framer = FramerType.SOCKET if how == "tcp" else FramerType.RTU
        server = ModbusTcpServer(units, framer=framer, address=("127.0.0.1", int(where)), trace_pdu=trace)
    await server.serve_forever(background=True)
    port = 0 if how == "serial" else server.transport.sockets[0].getsockname()[1]
    print("ready", port, pymodbus.__version__, flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
