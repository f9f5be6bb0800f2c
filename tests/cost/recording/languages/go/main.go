// The recorded program in Go.
package main

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

type declared struct{ pulumi.CustomResourceState }

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		register := func(token, name string, inputs pulumi.Map) (*declared, error) {
			var resource declared
			err := ctx.RegisterResource("azure-native:"+token, name, inputs, &resource)
			return &resource, err
		}
		group, err := register("resources:ResourceGroup", "group", pulumi.Map{
			"location": pulumi.String("EastUS"),
		})
		if err != nil {
			return err
		}
		_, err = register("web:AppServicePlan", "plan", pulumi.Map{
			"location":          pulumi.String("EastUS"),
			"resourceGroupName": group.ID(),
			"kind":              pulumi.String("Linux"),
			"reserved":          pulumi.Bool(true),
			"sku":               pulumi.Map{"name": pulumi.String("B1"), "capacity": pulumi.Int(2)},
		})
		if err != nil {
			return err
		}
		_, err = register("dbforpostgresql:Server", "server", pulumi.Map{
			"location":                   pulumi.String("EastUS"),
			"administratorLoginPassword": pulumi.ToSecret(pulumi.String("made")),
			"sku":                        pulumi.Map{"name": pulumi.String("STANDARD_B1MS")},
			"storage":                    pulumi.Map{"storageSizeGB": pulumi.Float64(32)},
		})
		return err
	})
}
