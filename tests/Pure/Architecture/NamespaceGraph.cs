using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace Podflare.Pure.Architecture;

/// <summary>Which namespaces of one assembly use which others, read from its metadata and method bodies. A namespace is a folder.</summary>
internal sealed class NamespaceGraph
{
    // The first pair of types that was seen for each edge: enough to find the place.
    private readonly Dictionary<(string From, string To), string> _edges = [];

    private NamespaceGraph()
    {
    }

    public static NamespaceGraph Of(string assemblyPath)
    {
        using var assembly = AssemblyDefinition.ReadAssembly(assemblyPath);
        var graph = new NamespaceGraph();
        foreach (var type in assembly.MainModule.GetAllTypes().Where(type => !IsGenerated(type)))
        {
            foreach (var used in UsedTypes(type)) graph.Add(assembly.MainModule, type, used);
        }

        return graph;
    }

    /// <summary>The circles: each is a group of namespaces that depend on each other, with the types that make the edges between them.</summary>
    public IReadOnlyList<string> Circles()
    {
        var nodes = _edges.Keys.SelectMany(edge => new[] { edge.From, edge.To }).Distinct().ToArray();
        var reachable = nodes.ToDictionary(node => node, Reachable);
        return
        [
            .. _edges
                .Where(edge => reachable[edge.Key.To].Contains(edge.Key.From))
                .OrderBy(edge => edge.Key.From, StringComparer.Ordinal)
                .ThenBy(edge => edge.Key.To, StringComparer.Ordinal)
                .Select(edge => $"{edge.Key.From} -> {edge.Key.To}: {edge.Value}"),
        ];
    }

    private HashSet<string> Reachable(string start)
    {
        HashSet<string> found = [start];
        Queue<string> open = new([start]);
        while (open.TryDequeue(out var node))
        {
            foreach (var (_, to) in _edges.Keys.Where(edge => edge.From == node))
                if (found.Add(to)) open.Enqueue(to);
        }

        return found;
    }

    private void Add(ModuleDefinition module, TypeDefinition user, TypeReference used)
    {
        if (used.Scope != module || used.Resolve() is not { } definition || IsGenerated(definition)) return;
        var (from, to) = (NamespaceOf(user), NamespaceOf(definition));
        if (from != to) _edges.TryAdd((from, to), $"{NameOf(user)} uses {NameOf(definition)}");
    }

    // Orleans and the configuration binder generate code that knows every serializable type.
    private static bool IsGenerated(TypeDefinition type) =>
        !NamespaceOf(type).StartsWith("Podflare", StringComparison.Ordinal) || NamespaceOf(type).StartsWith("Podflare.OrleansCodeGen", StringComparison.Ordinal);

    private static string NamespaceOf(TypeReference type) => type.DeclaringType is { } outer ? NamespaceOf(outer) : type.Namespace;

    private static string NameOf(TypeReference type) => type.DeclaringType is { } outer ? NameOf(outer) : type.Name;

    private static IEnumerable<TypeReference> UsedTypes(TypeDefinition type) => DirectlyUsed(type).SelectMany(Parts).Where(part => part is not GenericParameter);

    private static IEnumerable<TypeReference> DirectlyUsed(TypeDefinition type)
    {
        if (type.BaseType is { } parent) yield return parent;
        foreach (var implemented in type.Interfaces) yield return implemented.InterfaceType;
        foreach (var attribute in type.CustomAttributes) yield return attribute.AttributeType;
        foreach (var field in type.Fields) yield return field.FieldType;
        foreach (var property in type.Properties) yield return property.PropertyType;
        foreach (var method in type.Methods)
        {
            yield return method.ReturnType;
            foreach (var parameter in method.Parameters) yield return parameter.ParameterType;
            foreach (var constraint in method.GenericParameters.SelectMany(parameter => parameter.Constraints)) yield return constraint.ConstraintType;
            if (!method.HasBody) continue;
            foreach (var variable in method.Body.Variables) yield return variable.VariableType;
            foreach (var handler in method.Body.ExceptionHandlers.Where(handler => handler.CatchType is not null)) yield return handler.CatchType;
            foreach (var used in method.Body.Instructions.SelectMany(instruction => Operands(instruction.Operand))) yield return used;
        }
    }

    private static IEnumerable<TypeReference> Operands(object? operand) => operand switch
    {
        TypeReference type => [type],
        GenericInstanceMethod method => [.. method.GenericArguments, method.DeclaringType, method.ReturnType],
        MethodReference method => [method.DeclaringType, method.ReturnType],
        FieldReference field => [field.DeclaringType, field.FieldType],
        _ => [],
    };

    private static IEnumerable<TypeReference> Parts(TypeReference type) => type switch
    {
        GenericInstanceType generic => [generic.ElementType, .. generic.GenericArguments.SelectMany(Parts)],
        TypeSpecification specification => Parts(specification.ElementType),
        _ => [type],
    };
}
