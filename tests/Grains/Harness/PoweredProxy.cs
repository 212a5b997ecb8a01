using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Podflare.Harness;

/// <summary>Passes every asynchronous call of an interface through a silo's <see cref="Power"/>.</summary>
[SuppressMessage("Performance", "CA1852", Justification = "DispatchProxy derives from it.")]
internal class PoweredProxy<T> : DispatchProxy
    where T : class
{
    private static readonly MethodInfo CallTyped = typeof(PoweredProxy<T>).GetMethod(nameof(CallTypedAsync), BindingFlags.NonPublic | BindingFlags.Instance)!;

    private T _target = null!;
    private Power _power = null!;

    public static T Create(T target, Power power)
    {
        var proxy = Create<T, PoweredProxy<T>>();
        var self = (PoweredProxy<T>)(object)proxy;
        (self._target, self._power) = (target, power);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var type = targetMethod!.ReturnType;
        if (type == typeof(Task)) return _power.CallAsync(() => (Task)Call(targetMethod, args)!);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>)) return CallTyped.MakeGenericMethod(type.GenericTypeArguments).Invoke(this, [targetMethod, args]);
        return Call(targetMethod, args);
    }

    private Task<TResult> CallTypedAsync<TResult>(MethodInfo method, object?[]? args) => _power.CallAsync(() => (Task<TResult>)Call(method, args)!);

    private object? Call(MethodInfo method, object?[]? args)
    {
        try
        {
            return method.Invoke(_target, args);
        }
        catch (TargetInvocationException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerException!);
            throw;
        }
    }
}
