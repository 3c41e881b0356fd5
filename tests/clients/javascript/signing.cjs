// A client that is told what to sign for, as infra/README.md has it for a stack's endpoint. Arguments: the endpoint, the folder of the packages.

const [endpoint, packages] = process.argv.slice(2);
const { SFNClient, ListStateMachinesCommand } = require(`${packages}/node_modules/@aws-sdk/client-sfn`);

const region = "us-east-1";
const client = new SFNClient({
  region,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  disableHostPrefix: true,
  endpointProvider: () => ({
    url: new URL(endpoint),
    properties: { authSchemes: [{ name: "sigv4", signingName: "lambda", signingRegion: region }] },
  }),
});
client.send(new ListStateMachinesCommand({})).then((answer) => console.log(JSON.stringify(answer.stateMachines)));
