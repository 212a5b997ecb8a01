using System.CommandLine;
using System.Globalization;
using Podflare.Cli.Hosting;

namespace Podflare.Cli.Templates;

/// <summary><c>podflare template</c>: what sandboxes are created from.</summary>
internal static class TemplateCommands
{
    public static Command Create(GlobalOptions global) => new Command("template", "Build and list the templates of sandboxes")
    {
        BuildCommand.Create(global),
        List(global),
    }.WithExamples(
        ("Build a template, and offer it with the settings that the command writes", "podflare template build tools --packages git,ffmpeg"),
        ("Use it", "podflare run --template tools -c 'import shutil; print(shutil.which(\"ffmpeg\"))'"));

    private static Command List(GlobalOptions global)
    {
        var command = new Command("ls", "List the templates of the server; * marks the default").WithAction(global, async context =>
        {
            var templates = await context.Screen.WaitAsync("Listing", () => context.Client.ListTemplatesAsync(context.Interruption.Token));
            if (context.IsJson)
            {
                context.Screen.Json(new TemplatesJson(templates), TemplateJson.Default.TemplatesJson);
                return 0;
            }

            context.Screen.Table(
                ["NAME", "DEFAULT", "MEMORY", "MAX MEMORY", "CPUS", "PIDS", "PRELOAD"],
                [.. templates.Select(t => (string[])
                    [t.Name, t.Default ? "*" : "-", $"{t.MemoryMib} MiB", $"{t.MaxMemoryMib} MiB", t.Cpus.ToString(CultureInfo.InvariantCulture), $"{t.Pids}", t.Preload.Count == 0 ? "-" : string.Join(',', t.Preload)])]);
            return 0;
        });
        command.Aliases.Add("list");
        return command.WithExamples(("List the templates", "podflare template ls"));
    }
}
