"""Reads what a gateway serves with pymodbus, and prints it as JSON.

    pymodbus_client.py tcp HOST PORT
    pymodbus_client.py tls HOST PORT CA [CERT KEY]
    pymodbus_client.py rtu_over_tcp HOST PORT
    pymodbus_client.py serial PATH BAUD         without parity, which a pseudo-terminal does not have

With COMMAND=1 in the environment it also writes: forces the asset vacant, masks the watchdog, reads and
writes at once.
"""
import json
import os
import ssl
import sys

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient, ModbusTlsClient
from pymodbus.exceptions import ModbusException

BLOCK, COMMAND, WATCHDOG = 116, 131, 24


def connect(how, *where):
    if how == "serial":
        return ModbusSerialClient(where[0], baudrate=int(where[1]), parity="N", timeout=3, retries=0)
    host, port = where[0], int(where[1])
    if how == "tcp":
        return ModbusTcpClient(host, port=port, timeout=3, retries=0)
    if how == "rtu_over_tcp":
        return ModbusTcpClient(host, port=port, framer=FramerType.RTU, timeout=3, retries=0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(where[2])
    if len(where) > 3:
        context.load_cert_chain(where[3], where[4])
    return ModbusTlsClient(host, port=port, sslctx=context, timeout=3, retries=0)


def ask(client):
    found = {
        "input": client.read_input_registers(BLOCK, count=16, device_id=1).registers,
        "holding": client.read_holding_registers(BLOCK, count=16, device_id=1).registers,
        "discrete": client.read_discrete_inputs(BLOCK, count=16, device_id=1).bits,
        "coils": client.read_coils(BLOCK, count=16, device_id=1).bits,
        "exception": client.read_input_registers(60000, count=1, device_id=1).exception_code,
        "loopback": client.diag_query_data(b"\xa5\x37", device_id=1).message.hex(),
        "server": client.report_device_id(device_id=1).identifier.hex(),
    }
    identity = client.read_device_information(read_code=2, object_id=0, device_id=1)
    found["identity"] = {str(k): v.decode() for k, v in identity.information.items()}
    if os.environ.get("COMMAND"):
        client.write_register(WATCHDOG, 0x1234, device_id=1)
        client.mask_write_register(address=WATCHDOG, and_mask=0x00F0, or_mask=0x4300, device_id=1)
        both = client.readwrite_registers(
            read_address=COMMAND, read_count=1, address=COMMAND, values=[1], device_id=1
        )
        found["command"] = both.registers
        found["watchdog"] = client.read_input_registers(WATCHDOG, count=2, device_id=1).registers
        found["refused"] = client.write_registers(BLOCK, [1, 2], device_id=1).exception_code
    return found


def main():
    client = connect(*sys.argv[1:])
    try:
        if not client.connect():
            sys.exit("refused: no connection")
        print(json.dumps(ask(client)))
    except (ModbusException, OSError) as why:
        sys.exit(f"refused: {why}")
    finally:
        client.close()


main()
