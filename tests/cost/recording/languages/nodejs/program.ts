// The recorded program in TypeScript.
import * as pulumi from "@pulumi/pulumi";

class Declared extends pulumi.CustomResource {
    constructor(token: string, name: string, inputs: pulumi.Inputs) {
        super(`azure-native:${token}`, name, inputs);
    }
}

const group = new Declared("resources:ResourceGroup", "group", { location: "eastus" });
new Declared("web:AppServicePlan", "plan", {
    location: "eastus",
    resourceGroupName: group.id,
    kind: "Linux",
    reserved: true,
    sku: { name: "B1", capacity: undefined },
});
new Declared("dbforpostgresql:Server", "server", {
    location: pulumi.output("eastus"),
    administratorLoginPassword: pulumi.secret("made"),
    sku: { name: "Standard_B1MS" },
    storage: { storageSizeGB: 32 },
});
