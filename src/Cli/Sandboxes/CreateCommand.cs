using System.CommandLine;
using Podflare.Cli.Hosting;
using Podflare.Cli.Output;

namespace Podflare.Cli.Sandboxes;

internal static class CreateCommand
{
    public static Command Create(GlobalOptions global)
    {
        var template = SandboxCommands.Template(global);
        var lifetime = Seconds("--lifetime", "Seconds after which the sandbox ends, even while code runs [default: the server's]");
        var idle = Seconds("--idle-timeout", "Seconds without a run or file call after which the sandbox ends [default: the server's]");
        var ram = new Option<int?>("--ram-mib") { Description = "Memory in MiB [default: the template's]", HelpName = "mib" };
        var disk = new Option<int?>("--rootfs-gb") { Description = "Disk space in GB [default: the template's]", HelpName = "gb" };
        var egress = new Option<bool>("--egress") { Description = "Allow network access, if the server offers it" };
        var hosts = new Option<string[]>("--allow-host") { Description = "Allow HTTPS to this host only, such as api.example.com or *.example.com, if the server offers it (repeatable)", HelpName = "host" };
        var metadata = new Option<string[]>("--metadata", "-m") { Description = "Metadata to filter by (repeatable)", HelpName = "name=value" };
        var env = new Option<string[]>("--env", "-e") { Description = "Environment variable of all runs (repeatable)", HelpName = "name=value" };
        ram.RequirePositive(" MiB");
        disk.RequirePositive(" GB");
        metadata.RequirePairs();
        env.RequirePairs();
        var command = new Command("create", "Create a sandbox and write its ID") { template, lifetime, idle, ram, disk, egress, hosts, metadata, env };
        command.Validate(result =>
        {
            if (result.GetValue(egress) && result.GetValue(hosts) is { Length: > 0 }) result.AddError("Use either --egress or --allow-host.");
        });
        return command.WithAction(
            global,
            async context =>
            {
                var options = new SandboxOptions
                {
                    Template = context.Value(template),
                    Lifetime = context.Value(lifetime) is { } lifetimeSeconds ? TimeSpan.FromSeconds(lifetimeSeconds) : null,
                    IdleTimeout = context.Value(idle) is { } idleSeconds ? TimeSpan.FromSeconds(idleSeconds) : null,
                    RamMib = context.Value(ram),
                    RootfsGb = context.Value(disk),
                    Egress = context.Value(egress) ? true : null,
                    EgressAllow = context.Value(hosts) is { Length: > 0 } named ? named : null,
                    Metadata = Texts.ParsePairs(context.Value(metadata), "--metadata"),
                    Env = Texts.ParsePairs(context.Value(env), "--env"),
                };
                var sandbox = await context.Screen.WaitAsync("Creating a sandbox", () => context.Client.CreateSandboxAsync(options, context.Interruption.Token));
                if (context.IsJson) context.Screen.Json(sandbox.Info! with { Warnings = sandbox.Warnings }, CliJson.Default.SandboxInfo);
                else context.Screen.Line(sandbox.Id);
                return 0;
            },
            interrupted: "Interrupted. No sandbox was created.").WithExamples(
            ("Create a sandbox that can be found by its user", "podflare sandbox create --metadata user=42"),
            ("Create a sandbox that can use one API", "podflare sandbox create --allow-host api.example.com"),
            ("Create a sandbox that ends after ten idle minutes", "podflare sandbox create --idle-timeout 600"));
    }

    private static Option<double?> Seconds(string name, string description)
    {
        var option = new Option<double?>(name) { Description = description, HelpName = "seconds" };
        option.RequirePositive(" seconds");
        return option;
    }
}
