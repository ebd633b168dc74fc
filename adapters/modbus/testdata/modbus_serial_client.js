// Reads what a gateway serves with modbus-serial, and prints it as JSON.
//
//     node modbus_serial_client.js HOST PORT
//
// With COMMAND=1 in the environment it also writes: forces the asset occupied, and writes the watchdog.
"use strict";
const Modbus = require("modbus-serial");

const block = 116, command = 131, watchdog = 24;

// code returns the exception code that a request is refused with, and null if it is not.
async function code(request) {
  try {
    await request;
    return null;
  } catch (why) {
    return why.modbusCode;
  }
}

async function ask(client) {
  const found = {
    input: (await client.readInputRegisters(block, 16)).data,
    holding: (await client.readHoldingRegisters(block, 16)).data,
    discrete: (await client.readDiscreteInputs(block, 16)).data,
    coils: (await client.readCoils(block, 16)).data,
    exception: await code(client.readInputRegisters(60000, 1)),
    identity: (await client.readDeviceIdentification(2, 0)).data,
  };
  if (process.env.COMMAND) {
    await client.writeRegisters(command, [2]);
    found.command = (await client.readInputRegisters(command, 1)).data;
    await client.writeRegister(watchdog, 77);
    found.watchdog = (await client.readInputRegisters(watchdog, 2)).data;
    found.refused = await code(client.writeRegisters(block, [1, 2]));
  }
  return found;
}

async function main() {
  const [host, port] = process.argv.slice(2);
  const client = new Modbus();
  client.setTimeout(3000);
  await client.connectTCP(host, { port: Number(port) });
  client.setID(1);
  console.log(JSON.stringify(await ask(client)));
  client.close(() => process.exit(0));
}

main().catch((why) => {
  console.error(why);
  process.exit(1);
});
